import Testing
import WonkeyGateway
import WonkeyHTTP

@Suite("Use from browsers")
struct CrossOriginPlanTests {
    private static let exposed =
        "RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, "
        + "X-Request-Id, Idempotency-Replayed"

    private func lines(_ fields: FieldSection) -> [String] { fields.lines.map { "\($0.name): \($0.value)" } }

    private func answer(_ plan: CrossOriginPlan, _ origin: String?, upstream: [String] = []) -> [String] {
        var fields = FieldSection()
        for name in upstream { fields.append(name: name, value: "upstream") }
        plan.addAnswerFields(to: &fields, origin: origin)
        return self.lines(fields)
    }

    @Test("an allowed origin is named, others are not, and caches are told")
    func answers() {
        let plan = CrossOriginPlan(
            CrossOriginRules(origins: ["https://a.example"], exposedFields: ["ETag"]),
            methods: nil
        )
        #expect(
            self.answer(plan, "https://a.example") == [
                "Vary: Origin", "Access-Control-Allow-Origin: https://a.example",
                "Access-Control-Expose-Headers: \(Self.exposed), ETag",
            ]
        )
        #expect(self.answer(plan, "https://b.example") == ["Vary: Origin"])
        #expect(self.answer(plan, "null") == ["Vary: Origin"])
        #expect(self.answer(plan, nil) == ["Vary: Origin"])
    }

    @Test("all origins are a star, which does not vary")
    func star() {
        let plan = CrossOriginPlan(CrossOriginRules(origins: ["*"]), methods: nil)
        #expect(
            self.answer(plan, "https://a.example") == [
                "Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: \(Self.exposed)",
            ]
        )
        #expect(self.answer(plan, nil) == [])
    }

    @Test("what the upstream says of it is replaced, and cookies need an origin by name")
    func replaces() {
        let plan = CrossOriginPlan(
            CrossOriginRules(origins: ["https://a.example"], allowsCredentials: true),
            methods: nil
        )
        let upstream = ["access-control-allow-origin", "Access-Control-Allow-Credentials", "Other"]
        #expect(self.answer(plan, "https://b.example", upstream: upstream) == ["Other: upstream", "Vary: Origin"])
        #expect(
            self.answer(plan, "https://a.example", upstream: upstream) == [
                "Other: upstream", "Vary: Origin", "Access-Control-Allow-Origin: https://a.example",
                "Access-Control-Allow-Credentials: true", "Access-Control-Expose-Headers: \(Self.exposed)",
            ]
        )
    }

    @Test(
        "a preflight is told the methods and fields",
        arguments: [
            (CrossOriginRules(origins: ["*"], maxAge: .seconds(60)), Set(["POST", "GET"]), "GET, POST", nil),
            (CrossOriginRules(origins: ["*"], methods: ["PUT"], requestFields: ["A", "B"]), nil, "PUT", "A, B"),
            (CrossOriginRules(origins: ["*"], requestFields: ["*"]), nil, "GET, HEAD, POST, PUT, PATCH, DELETE", "x-y"),
        ] as [(CrossOriginRules, Set<String>?, String, String?)]
    )
    func preflight(rules: CrossOriginRules, route: Set<String>?, methods: String, fields: String?) {
        let plan = CrossOriginPlan(rules, methods: route)
        let expected =
            [
                "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
                "Access-Control-Allow-Origin: *",
            ]
            + ["Access-Control-Allow-Methods: \(methods)"]
            + (fields.map { ["Access-Control-Allow-Headers: \($0)"] } ?? [])
            + ["Access-Control-Max-Age: \(rules.maxAge.components.seconds)"]
        #expect(self.lines(plan.preflightFields(origin: "https://a.example", requested: "x-y")) == expected)
    }

    @Test("a preflight from elsewhere learns nothing")
    func refused() {
        let plan = CrossOriginPlan(CrossOriginRules(origins: ["https://a.example"], requestFields: ["*"]), methods: nil)
        #expect(
            self.lines(plan.preflightFields(origin: "https://b.example", requested: "x-y"))
                == ["Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]
        )
    }
}
