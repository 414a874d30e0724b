import Testing
@testable import WonkeyAdmin

@Suite("Schema")
struct SchemaTests {
    private static let schema = Schema.object([
        .required("name", .string(length: 1...4)),
        .optional("kind", .choice(["live", "test"])),
        .optional("count", .integer(nil, 0...9)),
        .optional("rate", .number()),
        .optional("when", .time().nullable),
        .optional("day", .string(format: .date)),
        .optional("tags", .array(of: .string(pattern: "^[a-z]+$"), count: 0...2)),
        .optional("inner", .object([.required("on", .boolean())])),
        .optional("any", .any()),
        .optional("map", .map(of: .integer())),
    ])

    @Test(
        "a value that fits has no faults",
        arguments: [
            #"{"name":"a"}"#, #"{"name":"äöüß","kind":"live","count":9,"rate":0.5,"when":null}"#,
            #"{"name":"a","rate":1,"count":1e0,"when":"2026-11-21T09:42:40Z","day":"2026-02-28"}"#,
            #"{"name":"a","tags":[],"inner":{"on":true},"any":[{}],"map":{"x":1,"y":2}}"#,
        ]
    )
    func fits(text: String) throws {
        #expect(Self.schema.faults(in: try JSONValue(parsing: Array(text.utf8))) == [])
    }

    @Test(
        "each fault names its field and what would be right",
        arguments: [
            ("[]", ["": "must be an object"]),
            ("{}", ["name": "is required"]),
            (#"{"name":null}"#, ["name": "must be a string"]),
            (#"{"name":""}"#, ["name": "must have 1 to 4 characters"]),
            (#"{"name":"abcde"}"#, ["name": "must have 1 to 4 characters"]),
            (#"{"name":"\u0000"}"#, ["name": "must not contain U+0000"]),
            (#"{"name":"a","kind":"prod"}"#, ["kind": "must be one of live, test"]),
            (#"{"name":"a","count":10}"#, ["count": "must be from 0 to 9"]),
            (#"{"name":"a","count":1.5}"#, ["count": "must be a whole number"]),
            (#"{"name":"a","count":1e300}"#, ["count": "must be a whole number"]),
            (#"{"name":"a","rate":"1"}"#, ["rate": "must be a number"]),
            (#"{"name":"a","when":"today"}"#, ["when": "must be a time such as 2026-11-21T09:42:40Z"]),
            (#"{"name":"a","when":1}"#, ["when": "must be a string or null"]),
            (#"{"name":"a","day":"2026-02-30"}"#, ["day": "must be a date such as 2026-11-21"]),
            (#"{"name":"a","tags":["a","B"]}"#, ["tags[1]": "must match ^[a-z]+$"]),
            (#"{"name":"a","tags":["a","b","c"]}"#, ["tags": "has 0 to 2 elements"]),
            (#"{"name":"a","inner":{}}"#, ["inner.on": "is required"]),
            (#"{"name":"a","map":{"x":"1"}}"#, ["map.x": "must be a whole number"]),
            (#"{"nmae":"a"}"#, ["name": "is required", "nmae": "is not known; did you mean name?"]),
            (#"{"name":"a","zzzzzz":1}"#, ["zzzzzz": "is not known"]),
        ]
    )
    func faults(text: String, expected: [String: String]) throws {
        let faults = Self.schema.faults(in: try JSONValue(parsing: Array(text.utf8)))
        #expect(Dictionary(faults.map { ($0.field, $0.message) }) { first, _ in first } == expected)
    }

    @Test("a member's name that looks like a key is not repeated")
    func redaction() throws {
        let text = #"{"name":"a","nb_live_0123456789abcdef0123456789abcdef":1}"#
        let faults = Self.schema.faults(in: try JSONValue(parsing: Array(text.utf8)))
        #expect(faults == [.init(field: "nb_live_01234567…", message: "is not known")])
    }
}
