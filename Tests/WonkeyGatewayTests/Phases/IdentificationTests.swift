import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Identification")
struct IdentificationTests {
    private static let key = "nb_live_0123456789abcdef0123456789abcdef"
    private static let hash = Identification.key(KeyHash(of: Array(key.utf8)))

    @Test(
        "A1, A5, A6: one bearer credential is read as RFC 6750 says",
        arguments: [
            ("Bearer \(key)", hash),
            ("bearer \(key)", hash),
            ("BEARER   \(key)", hash),
            (nil, .refused(.missingKey)),
            ("Basic YWxhZGRpbjpvcGVuc2VzYW1l", .refused(.missingKey)),
            ("Bearer", .refused(.malformedCredentials)),
            ("Bearer ", .refused(.malformedCredentials)),
            ("", .refused(.malformedCredentials)),
            (" ", .refused(.malformedCredentials)),
            ("Bearer \(key) \(key)", .refused(.malformedCredentials)),
            ("Bearer \(key),x", .refused(.malformedCredentials)),
            ("Bearer =\(key)", .refused(.malformedCredentials)),
            ("Bearer a=b", .refused(.malformedCredentials)),
            ("Bearer \"\(key)\"", .refused(.malformedCredentials)),
            ("Bearer\t\(key)", .refused(.malformedCredentials)),
            ("Bearer mF_9.B5f-4.1JqM", .refused(.malformedKey)),
            ("Bearer \(key)==", .refused(.malformedKey)),
            ("Bearer \(key.uppercased())", .refused(.malformedKey)),
            ("Bearer nb_prod_0123456789abcdef0123456789abcdef", .refused(.malformedKey)),
        ] as [(String?, Identification)]
    )
    func credentials(value: String?, expected: Identification) {
        let bytes = Array((value ?? "").utf8)
        let found = Identification(authorization: bytes.span, lines: value == nil ? 0 : 1, format: .standard)
        #expect(found == expected)
    }

    @Test("A3: two Authorization lines are malformed, whatever they hold")
    func twoLines() {
        let bytes = Array("Bearer \(Self.key)".utf8)
        let found = Identification(authorization: bytes.span, lines: 2, format: .standard)
        #expect(found == .refused(.malformedCredentials))
    }
}
