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
    package func json() -> [UInt8] {
        []
    }
}
