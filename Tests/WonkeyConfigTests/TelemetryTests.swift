import Foundation
import Testing
import WonkeyConfig
import WonkeyCore

@Suite("Telemetry in the configuration")
struct TelemetryTests {
    @Test("the example shows every default")
    func example() throws {
        let configuration = try Configuration.load(
            file: Place.examples.appending(path: "telemetry.yaml").path,
            environment: [:]
        )
        var expected = Configuration.Telemetry()
        var otlp = Configuration.Telemetry.OTLP(url: "http://127.0.0.1:4318/v1/traces")
        otlp.resource = [.init(name: "deployment.environment.name", value: "production")]
        expected.otlp = otlp
        var log = Configuration.Telemetry.AccessLog()
        log.destination = .file("data/access.log")
        expected.accessLog = log
        #expect(configuration.telemetry == expected)
    }

    private func telemetry(_ text: String) -> Configuration.Telemetry? {
        let file = """
            version: 1
            listeners: [{address: "127.0.0.1:8080"}]
            store: {url: "sqlite:data/wonkey.db"}
            upstreams: {api: {url: "http://127.0.0.1:3000"}}
            routes: [{name: api, match: {prefix: /}, proxy: api}]
            telemetry: \(text)
            """
        return try? Configuration.parse(bytes: Array(file.utf8), fileName: "t.yaml", environment: [:]).telemetry
    }

    @Test(
        "traces go to /v1/traces of an endpoint without a path",
        arguments: [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otlp.example.com/", "https://otlp.example.com/v1/traces"),
            ("https://otlp.example.com/otlp/v1/traces", "https://otlp.example.com/otlp/v1/traces"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ]
    )
    func endpoint(_ endpoint: String, url: String) throws {
        let telemetry = try #require(self.telemetry("{otlp: {endpoint: \"\(endpoint)\"}}"))
        #expect(telemetry.otlp == .init(url: url))
    }

    @Test(
        "the access log goes where it is told",
        arguments: [
            ("stdout", Configuration.Telemetry.AccessLog.Destination.stdout), ("stderr", .stderr),
            ("/var/log/a.log", .file("/var/log/a.log")), ("./a.log", .file("./a.log")),
        ]
    )
    func destination(_ text: String, expected: Configuration.Telemetry.AccessLog.Destination) throws {
        let telemetry = try #require(self.telemetry("{access_log: {to: \(text), format: combined, query: drop}}"))
        #expect(telemetry.accessLog?.destination == expected)
        #expect(telemetry.accessLog?.format == .combined)
        #expect(telemetry.accessLog?.query == .drop)
        #expect(self.telemetry("{access_log: {to: a.log}}") == nil)
    }

    @Test("nothing is on unless it is configured")
    func nothing() throws {
        let telemetry = try #require(self.telemetry("{}"))
        #expect(telemetry == .init())
    }
}
