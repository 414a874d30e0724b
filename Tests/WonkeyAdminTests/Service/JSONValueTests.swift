import Testing
import WonkeyHTTP

@testable import WonkeyAdmin

@Suite("JSON values")
struct JSONValueTests {
    @Test(
        "a JSON text is read as it is written",
        arguments: [
            ("null", JSONValue.null), (" true ", true), ("-0", 0), ("12", 12), ("1e2", 100), ("1.0", 1),
            ("0.5", .number(0.5)),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1e999", .number(.greatestFiniteMagnitude)), ("-1e999", .number(-.greatestFiniteMagnitude)),
            (#""aäß\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "aäß\"\\/\u{8}\u{C}\n\r\té😀"),
            ("[]", []), ("[1, [2]]", [1, [2]]), ("{}", [:]), (#"{"b":1, "a":{}}"#, ["b": 1, "a": [:]]),
        ] as [(String, JSONValue)]
    )
    func good(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    }

    @Test(
        "repeated names and what is nested deeper than 32 are refused",
        arguments: [
            #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
            String(repeating: "[", count: 33) + String(repeating: "]", count: 33),
        ]
    )
    func bad(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xC0, 0x80, 0x22]) }
    }

    @Test("what is written is read back the same")
    func roundTrip() throws {
        let value: JSONValue = [
            "s": "\u{1}\u{7F}\u{2028}\"\\é😀", "n": .number(0.015625), "i": -1, "l": [.null, false],
        ]
        #expect(try JSONValue(parsing: Array(value.text.utf8)) == value)
    }
}
