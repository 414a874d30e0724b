package import WonkeyCore

extension Configuration.Route {
    /// What is changed of requests and answers on their way (`routes[].rewrite`).
    package struct Rewrite: Hashable, Sendable {
        /// Taken off the path; a prefix of the route's own path.
        package var stripPrefix = ""
        /// Put before what is left of the path.
        package var addPrefix = ""
        /// The upstream's `Host`; absent: as the upstream says.
        package var host: String?
        package var request: FieldChanges = .init()
        package var response: FieldChanges = .init()

        package init() {}
    }

    /// What becomes of fields; no field is named twice.
    package struct FieldChanges: Hashable, Sendable {
        /// Replace what was there.
        package var set: [Field] = []
        /// Are put beside what was there.
        package var add: [Field] = []
        package var remove: [String] = []

        package init() {}

        package var isEmpty: Bool { self.set.isEmpty && self.add.isEmpty && self.remove.isEmpty }
    }

    /// A field that is made for each request; left out of one for which a variable has no value.
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: Template

        package init(name: String, value: Template) {
            self.name = name
            self.value = value
        }
    }

    /// Sends clients elsewhere (`routes[].redirect`).
    package struct Redirect: Hashable, Sendable {
        /// 301, 302, 303, 307 or 308.
        package var status = 308
        package var target: RedirectTarget

        package init(target: RedirectTarget) {
            self.target = target
        }
    }
}

extension Configuration.Route.Rewrite {
    static func read(_ section: inout Section) -> Self {
        var rewrite = Self()
        let path = Kind<String>.text(Configuration.Route.Match.path)
        section.read(
            "strip_prefix",
            into: &rewrite.stripPrefix,
            path,
            "Taken off the path, at a '/'; what is behind it stays byte for byte."
        )
        section.read("add_prefix", into: &rewrite.addPrefix, path, "Put before what is left of the path.")
        rewrite.host = section.optional(
            "host",
            .text(Pattern("^[A-Za-z0-9._:\\[\\]-]{1,255}$", "a host name, with a port if need be")),
            "Sent to the upstream as Host, in place of what the upstream's own settings say."
        )
        section.read(
            "request_headers",
            into: &rewrite.request,
            .section { .read(&$0, .request) },
            "What becomes of the request's fields on the way to the upstream."
        )
        section.read(
            "response_headers",
            into: &rewrite.response,
            .section { .read(&$0, .response) },
            "What becomes of the answer's fields; not of errors made here."
        )
        return rewrite
    }
}

extension Configuration.Route.FieldChanges {
    static func read(_ section: inout Section, _ side: FieldSide) -> Self {
        var changes = Self()
        section.read("set", into: &changes.set, .fields(side), "Fields that replace those that were sent.")
        section.read("add", into: &changes.add, .fields(side), "Fields that are put beside those that were sent.")
        section.read("remove", into: &changes.remove, .values(of: .fieldName(side)), "Fields that go no further.")
        var seen: Set<String> = []
        for name in changes.set.map(\.name) + changes.add.map(\.name) + changes.remove
        where !seen.insert(name.lowercased()).inserted {
            section.fault("the field \(quotedKey(name)) is given twice")
        }
        if side == .request, let field = changes.add.first(where: { $0.value.variables.contains(where: \.isIdentity) })
        {
            let reason = "tells who the client is, who could send one, too; use 'set'"
            section.fault("the field \(quotedKey(field.name)) \(reason)", at: "add")
        }
        return changes
    }

    var variables: [Template.Variable] { (self.set + self.add).flatMap(\.value.variables) }
}

extension Configuration.Route.Redirect {
    private static let statuses = [301, 302, 303, 307, 308]

    static func read(_ section: inout Section) -> Self {
        var redirect = Self(target: section.required("to", .redirectTarget, "A path, or http(s)://host and a path."))
        section.read(
            "status",
            into: &redirect.status,
            .integer(301...308),
            "301, 302, 303, 307 or 308; the last two keep method and body."
        )
        if !Self.statuses.contains(redirect.status) {
            section.fault("must be one of 301, 302, 303, 307, 308", at: "status")
        }
        return redirect
    }
}

extension Configuration.Route {
    /// Reads `rewrite` and checks it against the rest of the route.
    mutating func readRewrite(_ section: inout Section) {
        self.rewrite = section.optional(
            "rewrite",
            .section(Rewrite.read),
            "What is changed of requests and answers on their way."
        )
        self.checkVariables(section)
        guard let rewrite = self.rewrite, section.has("rewrite") else { return }
        if case .proxy = self.action {
        } else if rewrite.request != .init() || rewrite.host != nil || rewrite.stripPrefix + rewrite.addPrefix != "" {
            section.fault("all but 'response_headers' is for routes with 'proxy'", at: "rewrite")
        }
        let strip = PathPrefix(rewrite.stripPrefix)
        if !strip.contains(self.match.path.text) {
            section.fault(
                "strip_prefix is no beginning of the route's path \(quoted(self.match.path.text))",
                at: "rewrite"
            )
        }
    }

    private func checkVariables(_ section: Section) {
        guard self.authentication == .none else { return }
        var used: [(key: String, variables: [Template.Variable])] = []
        if let rewrite = self.rewrite {
            used.append(("rewrite", rewrite.request.variables + rewrite.response.variables))
        }
        switch self.action {
        case .redirect(let redirect): used.append(("redirect", redirect.target.path.variables))
        case .respond(let response): used.append(("respond", response.fields.flatMap(\.value.variables)))
        case .proxy, .generate: break
        }
        for (key, variables) in used {
            guard let variable = variables.first(where: \.needsKey) else { continue }
            section.fault("{\(variable.rawValue)} needs a key, but this route has authentication: none", at: key)
        }
    }
}

/// A prefix of paths that ends where a segment does.
private struct PathPrefix {
    private let text: String

    init(_ text: String) {
        self.text = text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    func contains(_ path: String) -> Bool {
        self.text.isEmpty || path == self.text || path.hasPrefix(self.text + "/")
    }
}

extension Configuration.Route.Match.Path {
    fileprivate var text: String {
        switch self {
        case .exact(let path), .prefix(let path): path
        }
    }
}
