import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Route table")
struct RouteTableTests {
    private static func route(
        _ name: String,
        _ path: RouteMatch.Path,
        host: String? = nil,
        methods: Set<String>? = nil
    ) -> Route {
        Route(
            name: name,
            match: RouteMatch(host: host, path: path, methods: methods),
            action: .proxy(upstream: "api")
        )
    }

    private static let table = RouteTable([
        route("root", .prefix("/")),
        route("generate", .exact("/v1/generate"), methods: ["POST"]),
        route("v1", .prefix("/v1/")),
        route("reports", .prefix("/v1/reports"), methods: ["GET"]),
        route("admin", .prefix("/"), host: "admin.example.com", methods: ["GET", "PUT"]),
        route("bracketed", .exact("/six"), host: "[::1]"),
    ])

    @Test(
        "the most specific route that takes the method wins",
        arguments: [
            ("example.com", "/v1/generate", "POST", "generate"),
            ("example.com", "/v1/generate", "GET", "v1"),
            ("example.com", "/v1", "GET", "v1"),
            ("example.com", "/v1/", "GET", "v1"),
            ("example.com", "/v10", "GET", "root"),
            ("example.com", "/v1/reports/7", "GET", "reports"),
            ("example.com", "/v1/reports/7", "HEAD", "reports"),
            ("example.com", "/v1/reports/7", "POST", "v1"),
            ("example.com", "/v1/reportsx", "GET", "v1"),
            ("example.com", "/", "get", "root"),
            ("admin.example.com", "/v1/reports", "GET", "admin"),
            ("admin.example.com:8443", "/x", "PUT", "admin"),
            ("admin.example.com", "/x", "DELETE", "root"),
            ("[::1]:8080", "/six", "GET", "bracketed"),
            ("example.com", "", "GET", "root"),
        ]
    )
    func mostSpecific(host: String, path: String, method: String, expected: String) {
        let result = Self.table.match(host: host, path: path, method: method)
        guard case .route(let index) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(Self.table.routes[index].name == expected)
    }

    @Test("a path without a route is told apart from a method without one")
    func refusals() {
        let table = RouteTable([
            Self.route("a", .exact("/a"), methods: ["POST", "GET"]),
            Self.route("below", .prefix("/a/b"), methods: ["DELETE"]),
        ])
        #expect(table.match(host: "", path: "/b", method: "GET") == .refused(.noRoute))
        #expect(
            table.match(host: "", path: "/a", method: "PUT") == .refused(.methodNotAllowed(allowed: ["GET", "POST"]))
        )
        #expect(
            table.match(host: "", path: "/a/b/c", method: "PUT") == .refused(.methodNotAllowed(allowed: ["DELETE"]))
        )
    }

    @Test("the earlier of two routes that match alike wins")
    func order() {
        let table = RouteTable([Self.route("first", .prefix("/x")), Self.route("second", .prefix("/x/"))])
        #expect(table.match(host: "", path: "/x/y", method: "GET") == .route(0))
    }
}
