import Testing
import WonkeyCore

@Suite("JSON text")
struct JSONTextTests {
    @Test(
        "a string is quoted, and nothing in it can end it or steer a terminal",
        arguments: [
            ("", "\"\""), ("Grüße \u{1F34C}", "\"Grüße \u{1F34C}\""), ("a\"b\\c/", #""a\"b\\c/""#),
            ("\n\r\t\u{0}\u{1F}", #""\n\r\t\u0000\u001f""#),
            ("\u{7F}\u{9B}\u{2028}\u{2029}\u{A0}", "\"" + #"\u007f\u009b\u2028\u2029"# + "\u{A0}\""),
        ]
    )
    func strings(text: String, expected: String) {
        var json = "x"
        json.appendJSONString(text)
        #expect(json == "x" + expected)
    }
}
