import Foundation
import Testing
import WonkeyCore

@testable import WonkeyConfig

@Suite("Values")
struct ReadingTests {
    private static func substitution(_ environment: [String: String]) -> Substitution {
        Substitution(environment: environment) { (path) throws(FileContents.Failure) in
            guard path == "/run/key" else { throw FileContents.Failure(message: "no such file") }
            return Array("from a file\n".utf8)
        }
    }

    @Test(
        "references are replaced, escapes are undone, and nothing is looked at twice",
        arguments: [
            ("plain $ text {}", "plain $ text {}"), ("${A}", "a"), ("<${A}${A}>", "<aa>"), ("${A:-b}", "a"),
            ("${NONE:-b}", "b"), ("${EMPTY:-b}", "b"), ("${EMPTY}", ""), ("${NONE:-}", ""), ("$${A}", "${A}"),
            ("${NONE:-http://h:1/x}", "http://h:1/x"), ("${NESTED}", "${A}"), ("${file:/run/key}", "from a file"),
            ("$$${A}", "$${A}"),
        ]
    )
    func substituted(text: String, result: String) throws {
        let substitution = Self.substitution(["A": "a", "EMPTY": "", "NESTED": "${A}"])
        #expect(try substitution.apply(to: text) == result)
    }

    @Test("a file's text is read without the line break at its end")
    func fileReference() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "wonkey-\(UUID().uuidString)")
        try Data("xy\r\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let outcome = Outcome(document("keys: {prefix: \"${file:\(file.path)}\"}"))
        #expect(outcome.configuration?.keys.prefix == "xy")
    }

    @Test("a missing configuration file is one fault")
    func missingFile() {
        #expect(throws: ConfigurationFaults.self) {
            try Configuration.load(file: "/nonexistent/wonkey.yaml", environment: [:])
        }
        do throws(ConfigurationFaults) {
            _ = try Configuration.load(file: "/nonexistent/wonkey.yaml", environment: [:])
        } catch {
            #expect(error.description == "/nonexistent/wonkey.yaml: cannot be read: no such file")
        }
    }

    @Test(
        "sizes are a whole number and a unit",
        arguments: [
            ("0", 0 as Int?), ("64KiB", 65_536), ("1GiB", 1 << 30), ("512B", 512), ("1KB", nil), ("64", nil),
            ("-1B", nil), ("1.5MiB", nil), (" 1B", nil), ("KiB", nil), ("99999999999TiB", nil), ("٣B", nil),
        ]
    )
    func sizes(text: String, bytes: Int?) {
        #expect(ByteSize.bytes(text) == bytes)
        if let bytes { #expect(ByteSize.text(bytes) == text) }
    }

    @Test(
        "Redis is named by a URL",
        arguments: [
            ("redis://localhost", "localhost:6379 0 plain - -"), ("redis://h:1/15", "h:1 15 plain - -"),
            ("rediss://u:p%40w@[::1]:6380/2", "[::1]:6380 2 tls u p@w"),
            ("redis://:pw@10.0.0.1", "10.0.0.1:6379 0 plain - pw"),
            ("redis+unix:///run/redis.sock?db=3", "unix:/run/redis.sock 3 plain - -"),
        ]
    )
    func redis(url: String, expected: String) throws {
        let outcome = Outcome(document("counters: {url: \"\(url)\"}"))
        let counters = try #require(outcome.configuration).counters
        guard case .redis(let redis) = counters.location else {
            Issue.record("no Redis")
            return
        }
        let found =
            "\(redis.endpoint) \(redis.database) \(redis.usesTLS ? "tls" : "plain") "
            + "\(redis.user ?? "-") \(redis.password?.revealed ?? "-")"
        #expect(found == expected)
    }

    @Test("what an image model leaves out follows from what it says")
    func derived() throws {
        let configuration = try #require(
            Outcome(
                document(
                    """
                    images:
                      a: {provider: gemini, model: imagen-3.0-generate-002, base_url: "http://127.0.0.1:9/"}
                      b: {provider: gemini, storage: public}
                    storage:
                      public: {account_id: abc, bucket: bkt, access_key_id: a, secret_access_key: b, public_base_url: "https://i.example.com/"}
                      signed: {endpoint: "http://127.0.0.1:1", bucket: bkt, access_key_id: a, secret_access_key: b}
                    """
                )
            ).configuration
        )
        #expect(configuration.images["a"]?.api == .predict)
        #expect(configuration.images["a"]?.baseURL == "http://127.0.0.1:9")
        #expect(configuration.images["b"]?.api == .generateContent)
        #expect(configuration.storage["public"]?.url == .publicURL)
        #expect(configuration.storage["public"]?.publicBaseURL == "https://i.example.com")
        #expect(configuration.storage["public"]?.endpoint == "https://abc.r2.cloudflarestorage.com")
        #expect(configuration.storage["signed"]?.url == .presigned)
        #expect(configuration.storage["signed"]?.endpoint == "http://127.0.0.1:1")
    }

    @Test("a body limit is the route's own, or else the server's")
    func bodyLimits() throws {
        let configuration = try #require(
            Outcome(
                """
                version: 1
                listeners: [{address: "unix:/run/wonkey.sock"}, {address: "[::1]:0"}]
                store: {url: "sqlite:///var/lib/wonkey.db"}
                server: {body_limit: 1MiB, loops: 4, trusted_proxies: [10.0.0.0/8, "::1"]}
                routes:
                  - {name: a, match: {path: /a}, respond: {}}
                  - {name: b, match: {path: /b}, respond: {}, body_limit: none}
                  - {name: c, match: {path: /c}, respond: {}, body_limit: 0}
                """
            ).configuration
        )
        #expect(configuration.routes.map(\.bodyLimit) == [1 << 20, nil, 0])
        #expect(
            configuration.listeners.map(\.address) == [.unix(path: "/run/wonkey.sock"), .tcp(host: "::1", port: 0)]
        )
        #expect(configuration.store == .sqlite(path: "/var/lib/wonkey.db"))
        #expect(configuration.server.loops == 4)
        #expect(configuration.server.trustedProxies.map(\.description) == ["10.0.0.0/8", "::1/128"])
    }

    @Test("a PostgreSQL URL is taken as it is, with how much of the database we take")
    func postgres() throws {
        let url = "postgres://u:p@h1:1,h2:2/db?sslmode=verify-full"
        let outcome = Outcome(
            """
            version: 1
            listeners: [{address: "127.0.0.1:8080"}]
            store: {url: "\(url)", connections: 3, connect_timeout: 1s, statement_timeout: 2s}
            routes: [{name: a, match: {prefix: /}, respond: {}}]
            """
        )
        var expected = Configuration.Postgres(url: Secret(url))
        expected.connections = 3
        expected.connectTimeout = .seconds(1)
        expected.statementTimeout = .seconds(2)
        #expect(try #require(outcome.configuration).store == .postgres(expected))
    }

    @Test("a file of nothing but faults does not flood the terminal")
    func flood() {
        let keys = (0..<1_000).map { "k\($0): 1\n" }.joined()
        let lines = Outcome(keys).faults.split(separator: "\n")
        #expect(lines.count == 201)
        #expect(lines.first == "test.yaml: more than 200 faults; here are some")
    }

    @Test("a file of more than 1 MiB is refused unread")
    func tooLarge() {
        let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: (1 << 20) + 1)
        #expect(Outcome(bytes).faults == "test.yaml: the file is larger than 1MiB, the most a configuration may have")
    }

    @Test("plain text is taken as it stands where text is wanted")
    func verbatim() throws {
        let route = "routes: [{name: on, match: {path: /}, respond: {body: 0123}}]"
        let text = document("").replacing("routes:\n  - {name: api, match: {prefix: /}, proxy: api}", with: route)
        let configuration = try #require(Outcome(text).configuration)
        var response = Configuration.Route.FixedResponse()
        response.body = "0123"
        #expect(configuration.routes.map(\.name) == ["on"])
        #expect(configuration.routes.map(\.action) == [.respond(response)])
    }
}
