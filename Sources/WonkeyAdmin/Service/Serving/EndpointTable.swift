/// Finds the endpoint of a method and path; immutable.
struct EndpointTable: Sendable {
    /// What a path has.
    enum Match: Sendable {
        case found(Endpoint, pathValues: [String: String])
        /// The path is served, under other methods.
        case otherMethod(allowed: [String])
        case nothing
    }

    private enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)
    }

    private struct Path: Sendable {
        var segments: [Segment]
        var endpoints: [Endpoint]
    }

    /// Literal segments before parameters, so that `/keys/mine` goes before `/keys/{id}`.
    private let paths: [Path]

    init(_ endpoints: [Endpoint]) {
        var paths: [String: Path] = [:]
        for endpoint in endpoints {
            let path = Path(segments: Self.segments(endpoint.path), endpoints: [])
            paths[endpoint.path, default: path].endpoints.append(endpoint)
        }
        self.paths = paths.sorted { Self.order($0.value) < Self.order($1.value) }.map(\.value)
    }

    /// Finds it.
    ///
    /// - Parameters:
    ///   - method: As sent; HEAD finds what GET does.
    ///   - path: As sent, without the query.
    /// - Returns: What there is.
    func match(method: String, path: String) -> Match {
        var allowed: Set<String> = []
        for candidate in self.paths {
            guard let values = Self.values(of: path, in: candidate.segments) else { continue }
            for endpoint in candidate.endpoints {
                if endpoint.method.rawValue == (method == "HEAD" ? "GET" : method) {
                    return .found(endpoint, pathValues: values)
                }
                allowed.insert(endpoint.method.rawValue)
            }
        }
        guard !allowed.isEmpty else { return .nothing }
        if allowed.contains("GET") { allowed.insert("HEAD") }
        return .otherMethod(allowed: allowed.union(["OPTIONS"]).sorted())
    }

    private static func order(_ path: Path) -> String {
        path.segments.map { segment in
            switch segment {
            case .literal(let text): "0" + text
            case .parameter: "1"
            }
        }.joined(separator: "/")
    }

    private static func segments(_ path: String) -> [Segment] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    private static func values(of path: String, in segments: [Segment]) -> [String: String]? {
        guard path.hasPrefix("/") else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (part, segment) in zip(parts, segments) {
            guard let text = PercentCoding.decode(part), !text.isEmpty else { return nil }
            switch segment {
            case .literal(let literal): guard text == literal else { return nil }
            case .parameter(let name): values[name] = text
            }
        }
        return values
    }
}
