import Testing
import WonkeyCore
import WonkeyGateway
import WonkeyHTTP

@Suite("Answers to refusals")
struct RefusalAnswerTests {
    private static let read = Permission(rawValue: "images.read")

    @Test(
        "every refusal has its status, code and fields",
        arguments: [
            (.missingKey, 401, "missing_key", [#"WWW-Authenticate: Bearer realm="wonkey""#]),
            (
                .malformedCredentials, 400, "malformed_credentials",
                [#"WWW-Authenticate: Bearer realm="wonkey", error="invalid_request""#]
            ),
            (
                .insufficientScope(required: [read].compactMap(\.self)), 403, "insufficient_scope",
                [#"WWW-Authenticate: Bearer realm="wonkey", error="insufficient_scope", scope="images.read""#]
            ),
            (.tooManyUnknownKeys(retryAfter: .milliseconds(1)), 429, "too_many_unknown_keys", ["Retry-After: 1"]),
            (.keyStoreUnavailable, 503, "key_store_unavailable", ["Retry-After: 1"]),
            (.rateLimited(retryAfter: .milliseconds(1_500), violated: ["m"]), 429, "rate_limited", ["Retry-After: 2"]),
            (.counterStoreUnavailable, 503, "limits_unavailable", ["Retry-After: 1"]),
            (.noRoute, 404, "no_route", []),
            (.methodNotAllowed(allowed: ["GET", "PUT"]), 405, "method_not_allowed", ["Allow: GET, PUT"]),
            (.bodyTooLarge(limit: 10), 413, "body_too_large", []),
            (.overloaded, 503, "overloaded", ["Retry-After: 1"]),
        ] as [(Refusal, Int, String, [String])]
    )
    func table(refusal: Refusal, status: Int, code: String, fields: [String]) {
        let answer = refusal.answer
        #expect(answer.problem.status == status)
        #expect(answer.problem.members.first?.value == .string(code))
        #expect(answer.fields.map { "\($0.0.text): \($0.1)" } == fields)
    }

    @Test("A8: malformed, unknown, expired, disabled and revoked keys read alike")
    func alike() {
        let answers = [Refusal.malformedKey, .unknownKey, .expiredKey, .disabledKey, .revokedKey].map(\.answer)
        #expect(Set(answers.map(\.problem)).count == 1)
        #expect(Set(answers.map { $0.fields.map(\.1) }) == [[#"Bearer realm="wonkey", error="invalid_token""#]])
    }

    @Test(
        "F14: 502, 503 and 504 are told apart",
        arguments: [
            (.unreachable, 502), (.connectTimedOut, 504), (.responseTimedOut, 504), (.idleTimedOut, 504),
            (.brokenFraming, 502), (.closedEarly, 502), (.overloaded, 503), (.shutDown, 503),
            (.circuitOpen(retryAfterSeconds: 7), 503),
        ] as [(UpstreamFault, Int)]
    )
    func upstreamFaults(fault: UpstreamFault, status: Int) {
        #expect(fault.answer.problem.status == status)
    }
}
