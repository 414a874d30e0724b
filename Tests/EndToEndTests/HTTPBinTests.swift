import Foundation
import Support
import Testing

@Suite("httpbin, directly and through the proxy", .temporaryDirectory, .timeLimit(.minutes(5)))
struct HTTPBinTests {
    /// What the proxy tells an API beside what the client said, as the README lists it.
    private static let told: Set<String> = [
        "via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id",
    ]

    /// What the proxy adds to an answer; `Date` only where there is none, which is never the case here.
    private static let added: Set<String> = ["x-request-id"]

    /// What says something about the connection and ends with it.
    private static let hopByHop: Set<String> = ["connection", "transfer-encoding"]

    /// What is another one each time, directly too.
    private static func changes(_ name: String, of row: HTTPBinRow) -> Bool {
        name == "date" || (row.target.hasPrefix("/cache") && ["etag", "last-modified"].contains(name))
    }

    /// Endpoints that are not asked, and why.
    private static let excluded = ["TRACE": "the proxy refuses it, as RFC 9110 §9.3.8 allows: it would tell keys"]

    /// Where httpbin is, if it is.
    private func program(_ name: String) throws -> BuiltProduct {
        let environment = ProcessInfo.processInfo.environment
        let server = environment["WONKEY_TEST_HTTPBIN"] ?? ".build/httpbin-venv/bin/waitress-serve"
        let path = URL(fileURLWithPath: server).deletingLastPathComponent().appendingPathComponent(name).path
        try #require(
            FileManager.default.isExecutableFile(atPath: path),
            "there is no \(path); run deploy/test, which installs httpbin"
        )
        return BuiltProduct(path: path)
    }

    @Test("every endpoint httpbin has is asked, with every method it takes")
    func complete() async throws {
        let table = """
            import json
            from httpbin.core import app
            rules = app.url_map.iter_rules()
            print(json.dumps([{"rule": rule.rule, "methods": sorted(rule.methods - {"HEAD", "OPTIONS"})} for rule in rules]))
            """
        let outcome = try await self.program("python").run(["-c", table])
        let routes = try JSONDecoder().decode([HTTPBinRoute].self, from: Data(outcome.standardOutput.utf8))
        #expect(routes.count > 50)
        let missing = routes.flatMap { route in
            route.methods.filter { Self.excluded[$0] == nil }.map { HTTPBinRoute(rule: route.rule, methods: [$0]) }
        }.filter { route in !HTTPBinRow.all.contains { $0.isOf(route) } }
        #expect(missing.map { "\($0.methods[0]) \($0.rule)" } == [])
    }

    @Test("HTTP/1.1 and HTTP/2: every endpoint answers alike, but for the fields the proxy is documented to add")
    func alike() async throws {
        let port = try await FreePort.reserve()
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams: {api: {url: "http://127.0.0.1:\(port)", preserve_host: true}}
            routes: [{name: open, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
        let arguments = ["--listen=127.0.0.1:\(port)", "--threads=4", "httpbin:app"]
        _ = try await self.program("waitress-serve").run(arguments, within: .seconds(200)) { program in
            defer { try? program.signal(.kill) }
            try await eventually("httpbin") { try await HTTPBinRow("GET", "/get").send(to: port).status == 200 }
            try await deployment.serving { _ in
                let multiplexed = try await self.multiplexed(deployment.port)
                for (row, http2) in zip(HTTPBinRow.all, multiplexed) {
                    let direct = try await row.send(to: port)
                    let http1 = try await row.send(to: deployment.port)
                    #expect(Self.difference(of: http1, from: direct, row) == [], "\(row.name) over HTTP/1.1")
                    #expect(Self.difference(of: http2, from: direct, row) == [], "\(row.name) over HTTP/2")
                }
            }
        }
    }

    /// Sends every row over one connection.
    private func multiplexed(_ port: Int) async throws -> [TestResponse] {
        struct Answer: Decodable {
            var status: Int
            var fields: [[String]]
            var body: Data
        }
        let file = try #require(TemporaryDirectory.current).file("rows.json")
        try JSONEncoder().encode(HTTPBinRow.all).write(to: URL(fileURLWithPath: file))
        let outcome = try await TestVenv.program("python").run(
            [TestVenv.script("http2_requests.py"), "\(port)", file],
            within: .seconds(100)
        )
        let answers = try outcome.standardOutput.split(separator: "\n").map { line in
            let answer = try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
            return TestResponse(
                status: answer.status,
                headers: answer.fields.map { (name: $0[0], value: $0[1]) },
                body: Array(answer.body)
            )
        }
        try #require(answers.count == HTTPBinRow.all.count, "\(outcome.standardError)")
        return answers
    }

    /// What is not alike.
    private static func difference(of proxied: TestResponse, from direct: TestResponse, _ row: HTTPBinRow) -> [String] {
        let names = (proxied: Self.names(proxied), direct: Self.names(direct))
        let gained = names.proxied.subtracting(names.direct).subtracting(Self.hopByHop)
        let lost = names.direct.subtracting(names.proxied).subtracting(Self.hopByHop)
        var differences: [String] = []
        if gained != Self.added { differences.append("more fields: \(gained.sorted())") }
        if !lost.isEmpty { differences.append("fewer fields: \(lost.sorted())") }
        if proxied.status != direct.status { differences.append("\(proxied.status) instead of \(direct.status)") }
        let fields = (proxied: Self.fields(proxied, row), direct: Self.fields(direct, row))
        if fields.proxied != fields.direct { differences.append("\(fields.proxied) instead of \(fields.direct)") }
        let bodies = (proxied: Self.text(of: proxied), direct: Self.text(of: direct))
        if bodies.proxied != bodies.direct { differences.append("\(bodies.proxied) instead of \(bodies.direct)") }
        return differences
    }

    private static func names(_ answer: TestResponse) -> Set<String> {
        Set(answer.headers.map { $0.name.lowercased() })
    }

    /// The lines that must be the same, those of one name in their order.
    private static func fields(_ answer: TestResponse, _ row: HTTPBinRow) -> [String: [String]] {
        var fields: [String: [String]] = [:]
        for (name, value) in answer.headers.map({ (name: $0.name.lowercased(), value: $0.value) }) {
            if Self.added.contains(name) || Self.hopByHop.contains(name) || Self.changes(name, of: row) { continue }
            // What is repeated of the request's fields is longer by those the proxy adds.
            if name == "content-length", Self.echo(answer) != nil { continue }
            fields[name, default: []].append(value.replacing(/(nonce|opaque)="[0-9a-f]+"/) { "\($0.1)=RANDOM" })
        }
        return fields
    }

    private static func echo(_ answer: TestResponse) -> [String: Any]? {
        let object = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return object?["headers"] is [String: Any] ? object : nil
    }

    /// The body; what it repeats of the request's fields without those the proxy adds.
    private static func text(of answer: TestResponse) -> String {
        guard var object = Self.echo(answer), let fields = object["headers"] as? [String: Any] else {
            return Self.octets(Self.withoutTime(answer.body)).replacing(/"uuid": "[0-9a-f-]{36}"/, with: "a UUID")
        }
        object["headers"] = fields.filter { !Self.told.contains($0.key.lowercased()) }
        let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Gzip with the time in its head set to none.
    private static func withoutTime(_ body: [UInt8]) -> [UInt8] {
        guard body.count >= 8, body.starts(with: [0x1F, 0x8B]) else { return body }
        return body[..<4] + [0, 0, 0, 0] + body[8...]
    }

    private static func octets(_ body: [UInt8]) -> String {
        String(data: Data(body), encoding: .isoLatin1) ?? ""
    }
}

extension HTTPBinRow {
    fileprivate func send(to port: Int) async throws -> TestResponse {
        try await withTestClient(port: port) { client in
            let headers = self.fields.map { ($0[0], $0[1]) }
            return try await client.send(self.method, self.target, headers: headers, body: Array(self.body.utf8))
        }
    }
}
