import NIOCore
import WonkeyCore
import WonkeyGateway

extension MicroBenchmark {
    /// From the bytes of `Authorization` to the key in the cache.
    static let identifyKey = Self(name: "key-parse-hash-and-cache-hit") {
        let cache = KeyCache(.init())
        let authorization = Array("Bearer nb_live_0123456789abcdef0123456789abcdef".utf8)
        guard case .key(let hash) = Identification(authorization: authorization.span, lines: 1, format: .standard)
        else {
            throw Unexpected()
        }
        _ = cache.resolve(hash, now: 0) { _ in }
        _ = cache.finish(hash, with: .known(KnownKey(.sample)), now: 0)
        cache.confirm(now: 0)
        return {
            guard case .key(let hash) = Identification(authorization: authorization.span, lines: 1, format: .standard),
                case .known(let key)? = cache.cached(hash, now: 1)
            else { throw Unexpected() }
            return key.counterPrefix.utf8.count
        }
    }

    /// One of a thousand routes, by a path of four segments.
    static let matchRoute = Self(name: "match-one-of-1000-routes") {
        let routes = (0..<1_000).map { number in
            Route(
                name: "route-\(number)",
                match: RouteMatch(path: .exact("/v1/things/\(number)/parts")),
                action: .proxy(upstream: "api")
            )
        }
        let table = RouteTable(routes)
        return {
            guard case .route(let index) = table.match(host: "localhost", path: "/v1/things/777/parts", method: "GET")
            else { throw Unexpected() }
            return index
        }
    }
}

extension KeyRecord {
    static let sample = KeyRecord(
        id: KeyID(rawValue: "key_0123456789abcdef"),
        projectID: ProjectID(rawValue: "proj_0123456789abcdef"),
        organizationID: OrganizationID(rawValue: "org_default"),
        name: "sample",
        start: "nb_live_01234567"
    )
}

/// A benchmark did not do what it measures.
struct Unexpected: Error {}
