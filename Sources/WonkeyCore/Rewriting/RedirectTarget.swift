/// Where a redirect leads: a place the configuration names, with path and query of the request if wanted.
///
/// No request can lead elsewhere: scheme and host are fixed text, what is filled in is encoded, and a target on this
/// very host begins with exactly one slash, since `//host` would name another one.
package struct RedirectTarget: Hashable, Sendable {
    /// Why a text is no target.
    package enum Fault: Error, Hashable, Sendable {
        case template(Template.Fault)
        /// Neither a path nor a URL with `http` or `https` and a host in plain text.
        case notFixed
        /// This variable cannot follow the host.
        case variableBehindHost(Template.Variable)
    }

    /// `https://host:port`; empty for a target on the same host.
    package let origin: String
    package let path: Template

    /// Reads a target.
    ///
    /// - Parameter text: `/path…` or `https://host…`, with variables behind the host only.
    /// - Throws: What is wrong with it.
    package init(parsing text: String) throws(Fault) {
        let template: Template
        do throws(Template.Fault) { template = try Template(parsing: text) } catch { throw .template(error) }
        var parts = template.parts[...]
        guard case .text(let first)? = parts.popFirst() else {
            // A target that begins with the request's own path stays on this host.
            guard case .variable(let variable)? = template.parts.first, variable.isPath else { throw .notFixed }
            self.origin = ""
            self.path = template
            return
        }
        let (origin, rest) = try Self.split(first)
        if rest.isEmpty, case .variable(let variable)? = parts.first, !variable.isPath {
            throw .variableBehindHost(variable)
        }
        self.origin = origin
        self.path = Template((rest.isEmpty ? [] : [.text(rest)]) + parts)
    }

    private static func split(_ text: String) throws(Fault) -> (origin: String, rest: String) {
        if text.hasPrefix("/") {
            guard !text.hasPrefix("//") else { throw .notFixed }
            return ("", text)
        }
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { throw .notFixed }
        let behind = text.dropFirst(scheme.count)
        let host = behind.prefix { !"/?#".contains($0) }
        let isHost = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: ".-:[]".utf8.contains(byte)
            }
        }
        guard !host.isEmpty, isHost else { throw .notFixed }
        return (scheme + host, String(behind.dropFirst(host.count)))
    }

    /// The value of `Location` for a request.
    ///
    /// - Parameter value: Gives a variable's value; a missing one counts as empty.
    /// - Returns: A URL, or a path that begins with one slash.
    package func location(_ value: (Template.Variable) -> String?) -> String {
        var path: [UInt8] = []
        for part in self.path.parts {
            switch part {
            case .text(let text): path += text.utf8
            case .variable(let variable):
                Self.append(value(variable) ?? "", of: variable, to: &path)
            }
        }
        if path.first.map({ $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }) ?? true {
            path.insert(UInt8(ascii: "/"), at: 0)
        }
        guard self.origin.isEmpty else { return self.origin + String(decoding: path, as: UTF8.self) }
        let slashes = path.prefix { $0 == UInt8(ascii: "/") }.count
        return "/" + String(decoding: path.dropFirst(slashes), as: UTF8.self)
    }

    /// What the client sent stays as it was but for bytes no URL holds; other values become a part of one segment.
    private static func append(_ value: String, of variable: Template.Variable, to path: inout [UInt8]) {
        for byte in value.utf8 {
            let isKept =
                variable.isPath || variable == .requestQuery ? Self.isURLByte(byte) : Self.isUnreserved(byte)
            if isKept {
                path.append(byte)
            } else {
                path += [UInt8(ascii: "%"), Self.digit(byte >> 4), Self.digit(byte & 15)]
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func isURLByte(_ byte: UInt8) -> Bool {
        Self.isUnreserved(byte) || "%/?!$&'()*+,;=:@[]".utf8.contains(byte)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}

extension Template.Variable {
    /// Whether the value begins with a slash or is empty, so that it cannot become a part of a host.
    fileprivate var isPath: Bool {
        switch self {
        case .requestPath, .requestTarget, .requestRest: true
        case .keyID, .keyName, .keyStart, .keyEnvironment, .projectID, .organizationID, .identityID,
            .identityExternalID, .clientAddress, .routeName, .requestID, .requestMethod, .requestScheme, .requestHost,
            .requestQuery:
            false
        }
    }
}
