import Testing
import WonkeyCore

@Suite("Suggestions")
struct SuggestionTests {
    @Test(
        "the nearest known name is suggested, and none where none is near",
        arguments: [
            ("per-minut", "per-minute" as String?), ("per-miunte", "per-minute"), ("PER-MINUTE", "per-minute"),
            ("brust", "burst"), ("burts", "burst"), ("b", nil), ("daily", nil), ("", nil), ("api2", "api1"),
            (String(repeating: "x", count: 200), nil),
        ]
    )
    func nearest(name: String, expected: String?) {
        let known = ["per-minute", "burst", "api3", "api1", "", "per-minute-and-address"]
        #expect(Suggestion.nearest(to: name, among: known) == expected)
    }
}
