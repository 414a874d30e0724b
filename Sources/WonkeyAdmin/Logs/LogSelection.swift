import WonkeyCore

/// Which log records are wanted, as given by the caller.
package struct LogSelection: Equatable, Sendable {
    /// A name or id.
    package var project: String
    /// A key's id.
    package var key: String?
    /// `429` or `4xx`.
    package var status: String?
    /// Exact, or a prefix if it ends in `*`.
    package var path: String?
    package var method: String?
    /// Inclusive; a duration counts back from now.
    package var from: Moment?
    /// Exclusive; a duration counts back from now.
    package var to: Moment?

    package init(
        project: String,
        key: String? = nil,
        status: String? = nil,
        path: String? = nil,
        method: String? = nil,
        from: Moment? = nil,
        to: Moment? = nil
    ) {
        self.project = project
        self.key = key
        self.status = status
        self.path = path
        self.method = method
        self.from = from
        self.to = to
    }

    /// Checks the parts and finds the project.
    ///
    /// The key need not exist, since records outlive it.
    func filter(in context: AdministrationContext) async throws(OperationError) -> LogFilter {
        let now = context.clock.now
        var filter = LogFilter(projectID: ProjectID(rawValue: ""))
        if let key { filter.keyID = try KeyID(checking: key) }
        if let status { filter.status = try Self.statusFilter(status) }
        if let path { filter.path = try Self.checkedPath(path) }
        if let method { filter.method = try Self.checkedMethod(method) }
        filter.from = self.from?.before(now)
        filter.to = self.to?.before(now)
        if let from = filter.from, let to = filter.to, from >= to {
            let span = "it starts at \(from.rfc3339) and ends before \(to.rfc3339)"
            throw .invalid("the time span is empty: \(span)", field: "from")
        }
        filter.projectID = try await context.project(self.project).id
        return filter
    }

    private static func statusFilter(_ text: String) throws(OperationError) -> LogFilter.StatusFilter {
        if let code = Int(text), (100...599).contains(code), text.utf8.count == 3 { return .exactly(code) }
        if text.utf8.count == 3, text.lowercased().hasSuffix("xx"), let digit = Int(text.prefix(1)),
            (1...5).contains(digit)
        {
            return .statusClass(digit)
        }
        throw .invalid("\(quoted(text)) is no status; give one such as 429, or a class such as 4xx", field: "status")
    }

    private static func checkedPath(_ path: String) throws(OperationError) -> String {
        guard path.hasPrefix("/") || path == "*" else {
            let rule = "a path begins with /, and with * at its end it is a prefix"
            throw .invalid("\(quoted(path)) is no path; \(rule)", field: "path")
        }
        guard !path.contains("?") else {
            let hint = "leave out what follows the question mark"
            throw .invalid("paths are logged without their query; \(hint)", field: "path")
        }
        return path
    }

    private static func checkedMethod(_ method: String) throws(OperationError) -> String {
        guard (1...32).contains(method.utf8.count), method.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "-") })
        else {
            throw .invalid("\(quoted(method)) is no method; give one such as GET or POST", field: "method")
        }
        return method.uppercased()
    }
}
