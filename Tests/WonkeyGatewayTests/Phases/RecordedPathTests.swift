import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Recorded path")
struct RecordedPathTests {
    @Test(
        "A10: a key in a path is cut to its public start, anything else stays",
        arguments: [
            ("/v1/things", "/v1/things"),
            (
                "/k/nb_live_0123456789abcdef0123456789abcdef/x",
                "/k/nb_live_01234567…/x"
            ),
            (
                "/nb_test_0123456789ABCDEF0123456789abcdef",
                "/nb_test_01234567…"
            ),
            (
                "/about/nb_live_/nb_live_0123/and/something/else/long",
                "/about/nb_live_/nb_live_0123/and/something/else/long"
            ),
        ]
    )
    func redaction(path: String, expected: String) {
        #expect(RecordedPath.text(of: path, keys: .standard) == expected)
    }

    @Test("a long path is cut")
    func cut() {
        let path = "/" + String(repeating: "a", count: 5_000)
        #expect(RecordedPath.text(of: path, keys: .standard).utf8.count == RecordedPath.bytesMax)
    }
}
