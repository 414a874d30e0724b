import Testing

@testable import WonkeyHTTP

@Suite("JSON reader")
struct JSONReaderTests {
    /// A tree that holds everything as it comes, down to three levels.
    private indirect enum Tree: JSONTree, Equatable, Sendable {
        struct Member: Equatable, Sendable {
            var name: String
            var value: Tree
        }

        case null
        case truth(Bool)
        case text(String)
        case bytes([UInt8])
        case array([Tree])
        case members([Member])

        static let depthMax = 3

        static func number(text: String) -> Self? { text == "404" ? nil : .text(text) }
        static func string(bytes: ArraySlice<UInt8>) -> Self? { bytes == [0xFF] ? nil : .bytes(Array(bytes)) }
        static func object(named members: [(name: String, value: Self)]) -> Self? {
            let members = members.map { Member(name: $0.name, value: $0.value) }
            return members.contains { $0.name == "bad" } ? nil : .members(members)
        }
    }

    private static func bytes(_ text: String) -> Tree { .bytes(Array(text.utf8)) }

    @Test(
        "a JSON text is read as it is written",
        arguments: [
            ("null", .null), (" true\r\n\t", .truth(true)), ("false", .truth(false)), ("-0", .text("-0")),
            ("12", .text("12")), ("1e2", .text("1e2")), ("-2.50E+03", .text("-2.50E+03")), ("\"\"", Self.bytes("")),
            (#""aäß\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z""#, Self.bytes("aäß\"\\/\u{8}\u{C}\n\r\té😀z")),
            ("[]", .array([])), ("[1, [ ]]", .array([.text("1"), .array([])])), ("{ }", .members([])),
            (
                #"{"b":1, "\u0061":{} ,"b":"x"}"#,
                .members([
                    .init(name: "b", value: .text("1")), .init(name: "a", value: .members([])),
                    .init(name: "b", value: Self.bytes("x")),
                ])
            ),
        ] as [(String, Tree)]
    )
    private func good(text: String, tree: Tree) throws {
        #expect(try Tree(json: Array(text.utf8)) == tree)
    }

    @Test(
        "what is no JSON is refused at the byte where it goes wrong",
        arguments: [
            ("", 0), (" ", 1), ("nul", 3), ("tru", 3), ("nan", 1), ("NaN", 0), ("01", 1), ("1.", 2), (".5", 0),
            ("+1", 0),
            ("-", 1), ("1e", 2), ("[1,]", 3), ("[1 2]", 3), ("{\"a\":1,}", 7), ("{\"a\" 1}", 5), ("{a:1}", 1),
            ("'a'", 0),
            ("{", 1), ("[", 1), ("\"a", 2), ("\"\n\"", 1), ("\"\u{1}\"", 1), (#""\x""#, 3), (#""\u12g4""#, 3),
            (#""\u12""#, 3), (#""\ud800""#, 7), (#""\ud800\u0041""#, 13), (#""\udc00""#, 7), ("1 1", 2), ("// x\n1", 0),
            ("[[[1]]]", 3), ("404", 3), ("{\"bad\":1}", 9),
        ]
    )
    func bad(text: String, offset: Int) throws {
        let error = try #require(throws: JSONSyntaxError.self) { _ = try Tree(json: Array(text.utf8)) }
        #expect(error.offset == offset, "\(error.message)")
    }

    @Test(
        "names are UTF-8, and strings what the tree takes",
        arguments: [[0x22, 0xFF, 0x22], [0x7B, 0x22, 0xFE, 0x22]]
    )
    func encoding(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { _ = try Tree(json: bytes) }
    }
}
