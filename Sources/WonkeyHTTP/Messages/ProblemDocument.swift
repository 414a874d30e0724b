import WonkeyCore

/// An error answer for programs (RFC 9457), marked as the proxy's own.
package struct ProblemDocument: Hashable, Sendable {
    /// The value of an extension member.
    package enum Member: Hashable, Sendable {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
        case array([Member])
        case object([String: Member])
    }

    /// An absolute URI, stable; `about:blank` says nothing beyond the status.
    package var type: String
    /// Constant per type; the status phrase for `about:blank`.
    package var title: String
    package var status: Int
    /// What the client may do about it.
    package var detail: String?
    /// The request's id as a URI.
    package var instance: String?
    /// Extension members, written in this order.
    package var members: [(name: String, value: Member)] { self.extensions.map { ($0.name, $0.value) } }

    private struct Extension: Hashable, Sendable {
        var name: String
        var value: Member
    }

    private var extensions: [Extension] = []

    package init(
        type: String = "about:blank",
        title: String? = nil,
        status: Int,
        detail: String? = nil,
        instance: String? = nil,
        members: [(name: String, value: Member)] = []
    ) {
        self.type = type
        self.title = title ?? StatusPhrase.text(status)
        self.status = status
        self.detail = detail
        self.instance = instance
        self.extensions = members.map { Extension(name: $0.name, value: $0.value) }
    }
}

extension ProblemDocument {
    /// The document as JSON, with `"source":"wonkey"`.
    package func json() -> [UInt8] { Array(self.text.utf8) }

    /// ``json()`` as text.
    var text: String {
        var object: [(name: String, value: Member)] = [
            (name: "type", value: .string(self.type)),
            (name: "title", value: .string(self.title)),
            (name: "status", value: .integer(Int64(self.status))),
        ]
        if let detail = self.detail { object.append((name: "detail", value: .string(detail))) }
        if let instance = self.instance { object.append((name: "instance", value: .string(instance))) }
        object += self.members
        object.append((name: "source", value: .string("wonkey")))
        var text = ""
        text.reserveCapacity(512)
        JSONText.write(object, to: &text)
        return text
    }
}

extension ProblemDocument.Member {
    /// As JSON text.
    package var json: String {
        var text = ""
        JSONText.write(self, to: &text)
        return text
    }
}

/// Writes JSON text (RFC 8259).
private enum JSONText {
    static func write(_ members: [(name: String, value: ProblemDocument.Member)], to text: inout String) {
        text += "{"
        for (index, member) in members.enumerated() {
            if index > 0 { text += "," }
            text.appendJSONString(member.name)
            text += ":"
            JSONText.write(member.value, to: &text)
        }
        text += "}"
    }

    static func write(_ value: ProblemDocument.Member, to text: inout String) {
        switch value {
        case .string(let string): text.appendJSONString(string)
        case .integer(let number): text += String(number)
        case .boolean(let flag): text += flag ? "true" : "false"
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                JSONText.write(element, to: &text)
            }
            text += "]"
        case .object(let members):
            JSONText.write(members.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, to: &text)
        }
    }
}
