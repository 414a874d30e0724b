import Foundation
import Testing
import WonkeyCore

@testable import WonkeyConfig

@Suite("Secrets")
struct SecretTests {
    private static let sentinel = "s3nt1nel"

    @Test("a configuration prints no secret in any form")
    func printing() throws {
        let environment = ExampleTests.environment.merging(
            ["GOOGLE_API_KEY": Self.sentinel, "R2_ACCESS_KEY_ID": Self.sentinel, "R2_SECRET_ACCESS_KEY": Self.sentinel]
        ) { $1 }
        var configuration = try Configuration.load(
            file: Place.examples.appending(path: "images.yaml").path,
            environment: environment
        )
        let addition = """
            counters: {url: "redis://:\(Self.sentinel)@127.0.0.1/0"}
            """
        configuration.counters = try #require(Outcome(document(addition)).configuration).counters
        configuration.upstreams["x"] = .init(name: "x", endpoint: .unix(path: "/x"))
        configuration.upstreams["x"]?.headers = [.init(name: "X-Key", value: Secret(Self.sentinel))]
        #expect(configuration.images["nano-banana"]?.apiKey.revealed == Self.sentinel)
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(dumped.contains("<secret>"))
        for text in [dumped, "\(configuration)", String(describing: configuration), String(reflecting: configuration)] {
            #expect(!text.contains(Self.sentinel))
        }
    }

    @Test(
        "no fault of a secret setting tells its value",
        arguments: [
            "counters: {url: \"redis://u:s3nt1nel@host:99999/0\"}", "counters: {url: \"s3nt1nel\"}",
            "counters: {url: \"redis://u:s3nt1nel@host/x\"}", "counters: {url: \"redis://s3nt1nel@host/0\"}",
            "counters: {url: \"redis://:s3nt1nel@host/0?x\"}", "counters: {url: \"redis://:s3nt1nel@/0\"}",
            "counters: {url: \"redis://:s3nt1nel@ho st/0\"}", "counters: {url: \"redis://:s3nt1nel%@host/0\"}",
            "counters: {url: \"redis://:s3nt1nel#@host/0\"}", "counters: {url:redis://:s3nt1nel@host}",
            "counters: s3nt1nel", "store: {url: \"postgres:s3nt1nel\"}", "store: {url: \"mysql://u:s3nt1nel@h\"}",
            "management: {token_secret: s3nt1nel}", "s3nt1nel: s3nt1nel",
            "images: {g: {provider: gemini, api_key:s3nt1nel}}",
            "images: {g: {provider: gemini, api_key: [s3nt1nel]}}",
            "images: {g: {provider: gemini, api_key=s3nt1nel: x}}",
            "images: {g: {provider: gemini, api_key: \"${s3nt1nel-}\"}}",
            "images: {g: {provider: gemini, api_key: \"${s3nt1nel\"}}",
            "images: {g: {provider: gemini, api_key: \"${X-s3nt1nel}\"}}",
            "images: {g: {provider: gemini, apikey: s3nt1nel}}",
            "images: {g: {provider: gemini\n    s3nt1nel: x}}", "images:\n  g:\n    provider: gemini\n     s3nt1nel\n",
            "images: {g: {provider: gemini, base_url: \"https://u:s3nt1nel@host\"}}",
            "images: {g: {provider: gemini, base_url: \"https://host?key=s3nt1nel\"}}",
            "images: {g: {provider: gemini, api_key: *s3nt1nel}}",
            "images: {g: {provider: gemini, api_key: &s3nt1nel x}}",
            "images: {g: {provider: gemini, api_key: !s3nt1nel x}}",
            "images: {g: {provider: gemini, api_key: \"s3nt1nel}}",
            "images: {g: {provider: gemini, api_key: s3nt1nel, api_key: s3nt1nel, x: y}}",
            "storage: {r: {account_id: a, bucket: bkt, access_key_id: {s3nt1nel: s3nt1nel}, secret_access_key: s3nt1nel, url: x}}",
            "storage: {r: {endpoint: \"https://s3nt1nel@host\", bucket: bkt, access_key_id: a, secret_access_key: s3nt1nel}}",
        ]
    )
    func faults(addition: String) {
        // The one place where the text is not a value but a key by itself.
        let isKey = addition.hasPrefix("s3nt1nel") || addition.contains("\n    s3nt1nel:")
        let faults = Outcome(document(addition)).faults
        #expect(!faults.isEmpty)
        #expect(faults.contains(Self.sentinel) == (isKey && faults.contains("unknown key")))
    }

    @Test("what a variable holds is not told, wherever it is used", arguments: ["wonkey", "images"])
    func substituted(name: String) throws {
        let bytes = Array(try Data(contentsOf: Place.examples.appending(path: "\(name).yaml")))
        let source = try #require(SourceText(bytes) { _, _ in })
        let tree = try #require(TreeBuilder.tree(of: source) { _, _ in })
        let count = Self.scalars(of: tree)
        #expect(count > 5)
        let environment = ExampleTests.environment.merging(["SENTINEL": "\(Self.sentinel) %"]) { $1 }
        var faulty = 0
        for index in 0..<count {
            var next = 0
            let text = Self.yaml(tree, replacing: index, &next)
            let faults = Outcome(text, environment: environment).faults
            faulty += faults.isEmpty ? 0 : 1
            #expect(!faults.contains(Self.sentinel))
        }
        // Free text and secrets take anything; most settings do not.
        #expect(faulty > count / 2)
    }

    private static func scalars(of node: YAMLNode) -> Int {
        switch node.content {
        case .scalar, .invalid: 1
        case .sequence(let items): items.map(Self.scalars).reduce(0, +)
        case .mapping(let entries): entries.map { Self.scalars(of: $0.value) }.reduce(0, +)
        }
    }

    /// The tree as flow style, one scalar of it replaced by a variable.
    private static func yaml(_ node: YAMLNode, replacing index: Int, _ next: inout Int) -> String {
        switch node.content {
        case .scalar(let text, let isPlain):
            defer { next += 1 }
            if next == index { return "\"${SENTINEL}\"" }
            let isTyped = isPlain && (Int(text) != nil || text == "true" || text == "false")
            return isTyped ? text : JSON.string(text).text()
        case .invalid: return "null"
        case .sequence(let items):
            let texts = items.map { Self.yaml($0, replacing: index, &next) }
            return "[" + texts.joined(separator: ", ") + "]"
        case .mapping(let entries):
            let texts = entries.map { "\(JSON.string($0.key).text()): \(Self.yaml($0.value, replacing: index, &next))" }
            return "{" + texts.joined(separator: ", ") + "}"
        }
    }
}
