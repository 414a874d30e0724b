package import WonkeyCore

/// Finds the route of a request.
///
/// The most specific match wins: a named host before any host, an exact path before a prefix, a longer prefix before a
/// shorter one, the earlier route where two are alike. A route that does not take the method leaves the request to the
/// next specific one.
package struct RouteTable: Sendable {
    package enum Result: Equatable, Sendable {
        /// An index into ``routes``.
        case route(Int)
        case refused(Refusal)
    }

    private struct HostTable: Sendable {
        var exact: [String: [Int]] = [:]
        /// Keyed without trailing slash; the root is the empty string.
        var prefixes: [String: [Int]] = [:]
    }

    /// In the order of the configuration.
    package let routes: [Route]
    private let hosts: [String: HostTable]
    private let anyHost: HostTable

    package init(_ routes: [Route]) {
        self.routes = routes
        var hosts: [String: HostTable] = [:]
        var anyHost = HostTable()
        for (index, route) in routes.enumerated() {
            if let host = route.match.host {
                Self.insert(index, route.match.path, into: &hosts[host, default: HostTable()])
            } else {
                Self.insert(index, route.match.path, into: &anyHost)
            }
        }
        self.hosts = hosts
        self.anyHost = anyHost
    }

    private static func insert(_ index: Int, _ path: RouteMatch.Path, into table: inout HostTable) {
        switch path {
        case .exact(let text): table.exact[text, default: []].append(index)
        case .prefix(let text):
            var prefix = Substring(text)
            while prefix.last == "/" { prefix.removeLast() }
            table.prefixes[String(prefix), default: []].append(index)
        }
    }

    /// Finds the route of a request.
    ///
    /// - Parameters:
    ///   - host: The effective authority in lower case; a port is ignored.
    ///   - path: The normalised path.
    ///   - method: As received.
    /// - Returns: The route, `.noRoute`, or `.methodNotAllowed` with every method that matching routes take.
    /// - Complexity: One look-up per path segment, whatever the number of routes.
    package func match(host: String, path: String, method: String) -> Result {
        var allowed: Set<String> = []
        if !self.hosts.isEmpty, let table = self.hosts[Self.withoutPort(host)] {
            if let index = self.find(in: table, path, method, &allowed) { return .route(index) }
        }
        if let index = self.find(in: self.anyHost, path, method, &allowed) { return .route(index) }
        return .refused(allowed.isEmpty ? .noRoute : .methodNotAllowed(allowed: allowed.sorted()))
    }

    private func find(
        in table: HostTable,
        _ path: String,
        _ method: String,
        _ allowed: inout Set<String>
    ) -> Int? {
        if let index = self.pick(table.exact[path], method, &allowed) { return index }
        guard !table.prefixes.isEmpty else { return nil }
        var candidate = Substring(path)
        while candidate.utf8.last == UInt8(ascii: "/") { candidate.removeLast() }
        while true {
            if let index = self.pick(table.prefixes[String(candidate)], method, &allowed) { return index }
            guard let slash = candidate.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            candidate = candidate[..<slash]
        }
    }

    private func pick(_ indices: [Int]?, _ method: String, _ allowed: inout Set<String>) -> Int? {
        guard let indices else { return nil }
        for index in indices {
            let match = self.routes[index].match
            if match.takes(method: method) { return index }
            allowed.formUnion(match.methods ?? [])
        }
        return nil
    }

    private static func withoutPort(_ host: String) -> String {
        if host.utf8.first == UInt8(ascii: "[") {
            guard let end = host.utf8.firstIndex(of: UInt8(ascii: "]")) else { return host }
            return String(host[...end])
        }
        guard let colon = host.utf8.firstIndex(of: UInt8(ascii: ":")) else { return host }
        return String(host[..<colon])
    }
}
