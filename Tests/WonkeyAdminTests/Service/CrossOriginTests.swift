import Support
import Testing

@testable import WonkeyAdmin

@Suite("Cross-origin use")
struct CrossOriginTests {
    private static let page = "https://app.example.com"
    private let samples = SampleEndpoints()

    private func answer(_ allowed: Set<String>, _ method: String, origin: String?) async throws -> TestResponse {
        var bench = ServiceBench()
        bench.settings.crossOrigin = CrossOriginPolicy(allowedOrigins: allowed)
        var headers = origin.map { [("Origin", $0)] } ?? []
        if method == "OPTIONS" { headers.append(("Access-Control-Request-Method", "POST")) }
        return try await bench.answer(self.samples.all, method, "/v1/things", headers: headers)
    }

    @Test(
        "a page may read an answer if its origin is allowed",
        arguments: [
            ([], Self.page, nil, nil), ([Self.page], Self.page, Self.page, "Origin"),
            ([Self.page], "https://evil.example", nil, "Origin"), ([Self.page], nil, nil, "Origin"),
            ([Self.page], "https://app.example.com.evil.example", nil, "Origin"), ([Self.page], "null", nil, "Origin"),
            (["*"], "https://any.example", "*", nil),
        ] as [(Set<String>, String?, String?, String?)]
    )
    func simple(allowed: Set<String>, origin: String?, allow: String?, vary: String?) async throws {
        let answer = try await self.answer(allowed, "GET", origin: origin)
        #expect(answer.status == 200)
        #expect(answer.header("Access-Control-Allow-Origin") == allow)
        #expect((answer.header("Access-Control-Expose-Headers") != nil) == (allow != nil))
        #expect(answer.header("Access-Control-Allow-Credentials") == nil)
        #expect(answer.header("Vary") == vary)
    }

    @Test("a preflight of an allowed origin is told methods and fields, of another one nothing")
    func preflight() async throws {
        let answer = try await self.answer([Self.page], "OPTIONS", origin: Self.page)
        #expect(answer.status == 204)
        #expect(answer.header("Access-Control-Allow-Origin") == Self.page)
        #expect(answer.header("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS, POST")
        #expect(
            answer.header("Access-Control-Allow-Headers") == "Authorization, Content-Type, Idempotency-Key, If-Match"
        )
        let other = try await self.answer([Self.page], "OPTIONS", origin: "https://evil.example")
        #expect(other.status == 204)
        #expect(other.headers.allSatisfy { !$0.name.lowercased().hasPrefix("access-control") })
    }

    @Test("problems can be read by pages, too")
    func problems() async throws {
        var bench = ServiceBench()
        bench.settings.crossOrigin = CrossOriginPolicy(allowedOrigins: [Self.page])
        let answer = try await bench.answer(self.samples.all, "POST", "/v1/things", headers: [("Origin", Self.page)])
        #expect(answer.status == 401)
        #expect(answer.header("Access-Control-Allow-Origin") == Self.page)
    }
}
