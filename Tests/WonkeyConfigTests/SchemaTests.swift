import Foundation
import Testing

@testable import WonkeyConfig

@Suite("JSON Schema")
struct SchemaTests {
    /// What an editor makes of the YAML: plain numbers and `true` are typed, all else is text.
    private static func instance(_ text: String) throws -> JSONValue {
        var faults: [String] = []
        let report: (ConfigurationFaults.Position?, String) -> Void = {
            faults.append("\(String(describing: $0)) \($1)")
        }
        let tree = SourceText(Array(text.utf8), report: report).flatMap { TreeBuilder.tree(of: $0, report: report) }
        #expect(faults == [])
        return Self.value(try #require(tree))
    }

    private static func value(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .scalar("true", isPlain: true): .boolean(true)
        case .scalar("false", isPlain: true): .boolean(false)
        case .scalar(let text, isPlain: true): Int(text).map { .number(Double($0)) } ?? .string(text)
        case .scalar(let text, isPlain: false): .string(text)
        case .sequence(let items): .array(items.map(Self.value))
        case .mapping(let entries): .object(Dictionary(entries.map { ($0.key, Self.value($0.value)) }) { $1 })
        case .invalid: .null
        }
    }

    private static func validator() throws -> SchemaValidator {
        SchemaValidator(root: try JSONDecoder().decode(JSONValue.self, from: Data(ConfigurationSchema.json.utf8)))
    }

    @Test("every shipped example fits the schema", arguments: ExampleTests.names)
    func examples(name: String) throws {
        let text = try String(contentsOf: Place.examples.appending(path: "\(name).yaml"), encoding: .utf8)
        #expect(try Self.validator().violations(in: Self.instance(text)) == [])
    }

    @Test(
        "what is broken in form breaks the schema at the same place, and the reader refuses it, too",
        arguments: [
            ("keys: {prefx: nb}", "/keys/prefx"), ("colour: red", "/colour"), ("keys: nb", "/keys"),
            ("keys: {length: many}", "/keys/length"), ("keys: {length: 65}", "/keys/length"),
            ("keys: {length: 31}", "/keys/length"), ("keys: {prefix: NB}", "/keys/prefix"),
            ("keys: {sources: [cookie]}", "/keys/sources/0"), ("keys: {sources: []}", "/keys/sources"),
            ("keys: {sources: [bearer, bearer]}", "/keys/sources"), ("counters: {}", "/counters"),
            ("counters: {url: \"http://localhost\"}", "/counters/url"),
            ("counters: {url: \"memory:\", timeout: 5}", "/counters/timeout"),
            ("counters: {url: \"memory:\", on_outage: close}", "/counters/on_outage"),
            ("server: {header_size: 64}", "/server/header_size"), ("server: {loops: all}", "/server/loops"),
            ("server: {trusted_proxies: [localhost]}", "/server/trusted_proxies/0"),
            (
                "limits: {\"a b\": {algorithm: fixed-window, limit: 1, window: 1s}}\ncounters: {url: \"memory:\"}",
                "/limits/a b"
            ),
            ("limits: {a: {algorithm: fixed-window, limit: 1}}\ncounters: {url: \"memory:\"}", "/limits/a"),
            (
                "limits: {a: {algorithm: fixed-window, limit: 1, window: 1s, by: me}}\ncounters: {url: \"memory:\"}",
                "/limits/a/by"
            ),
            ("images: {a: {provider: gemini, model: \"\"}}", "/images/a/model"),
            ("storage: {a: {bucket: bkt, access_key_id: a, secret_access_key: b}}", "/storage/a"),
            (
                "storage: {a: {account_id: x, bucket: bkt, access_key_id: \"\", secret_access_key: b}}",
                "/storage/a/access_key_id"
            ),
            ("management: {port: 8081}", "/management/port"),
            ("management: {address: localhost}", "/management/address"),
            ("management: {cors: {allowed_origins: [app.example.com]}}", "/management/cors/allowed_origins/0"),
            ("logs: {sink: clickhouse}", "/logs/sink"), ("logging: [info]", "/logging"),
        ]
    )
    func broken(addition: String, place: String) throws {
        let text = document(addition + "\n")
        #expect(try Self.validator().violations(in: Self.instance(text)) == [place])
        #expect(!Outcome(text).faults.isEmpty)
    }

    @Test(
        "a route's alternatives are alternatives in the schema",
        arguments: [
            ("{name: a, match: {path: /}, proxy: api}", [] as [String]),
            ("{name: a, match: {path: /}}", ["/routes/0"]),
            ("{name: a, match: {path: /}, proxy: api, respond: {}}", ["/routes/0"]),
            ("{name: a, match: {path: /, prefix: /}, proxy: api}", ["/routes/0/match"]),
            ("{name: a, match: {}, proxy: api}", ["/routes/0/match"]),
        ]
    )
    func alternatives(route: String, places: [String]) throws {
        let text = """
            version: 1
            listeners: [{address: "127.0.0.1:8080"}]
            store: {url: "sqlite:data/wonkey.db"}
            upstreams: {api: {url: "http://127.0.0.1:3000"}}
            routes: [\(route)]
            """
        #expect(try Self.validator().violations(in: Self.instance(text)) == places)
        #expect(Outcome(text).faults.isEmpty == places.isEmpty)
    }

    @Test("a substitution may stand wherever a number or word may")
    func substitution() throws {
        let text = document("keys: {length: \"${LENGTH}\"}\nlogging: {level: \"${LEVEL:-info}\"}\n")
        #expect(try Self.validator().violations(in: Self.instance(text)) == [])
        #expect(Outcome(text, environment: ["LENGTH": "40"]).configuration?.keys.length == 40)
    }

    @Test("the defaults the schema names are the reader's own")
    func defaults() throws {
        guard case .object(let root) = try Self.validator().root, case .object(let sections) = root["properties"],
            case .object(let counters) = sections["counters"], case .object(let settings) = counters["properties"],
            case .object(let timeout) = settings["timeout"]
        else {
            Issue.record("the schema has no properties")
            return
        }
        #expect(timeout["default"] == .string("50ms"))
        #expect(Configuration.Counters().timeout == .milliseconds(50))
    }

    @Test("the validator itself refuses a keyword it does not know")
    func unknownKeyword() throws {
        let validator = SchemaValidator(root: .object(["contains": .boolean(true)]))
        #expect(throws: (any Error).self) { try validator.violations(in: .array([])) }
    }
}
