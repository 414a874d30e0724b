import Foundation
import Testing
import WonkeyConfig
import WonkeyCore

@Suite("Shipped examples")
struct ExampleTests {
    static let environment = [
        "GOOGLE_API_KEY": "g", "R2_ACCOUNT_ID": "0123456789abcdef", "R2_BUCKET": "bkt", "R2_ACCESS_KEY_ID": "a",
        "R2_SECRET_ACCESS_KEY": "s",
    ]
    static let names = [
        "wonkey", "minimal", "memory", "images", "balancing", "quickstart", "demo-upstream", "tls", "rewriting",
        "running", "telemetry", "idempotency", "protocols",
    ]

    @Test("every example is loaded without a fault", arguments: Self.names)
    func loads(name: String) throws {
        let path = Place.examples.appending(path: "\(name).yaml").path
        #expect(throws: Never.self) { try Configuration.load(file: path, environment: Self.environment) }
    }

    @Test(
        "what is to run as it is needs no environment variable",
        arguments: [
            "wonkey", "minimal", "memory", "balancing", "quickstart", "demo-upstream", "tls", "rewriting", "running",
            "telemetry", "idempotency", "protocols",
        ]
    )
    func needsNothing(name: String) throws {
        let path = Place.examples.appending(path: "\(name).yaml").path
        #expect(throws: Never.self) { try Configuration.load(file: path, environment: [:]) }
    }

    @Test("every file of the folder is tested")
    func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Place.examples.path)
        #expect(Set(files.filter { $0.hasSuffix(".yaml") }) == Set(Self.names.map { "\($0).yaml" }))
    }

    @Test("the normative example is read whole")
    func wonkey() throws {
        let configuration = try Configuration.load(
            file: Place.examples.appending(path: "wonkey.yaml").path,
            environment: [:]
        )
        let perMinute = LimitPolicy(
            name: "per-minute",
            algorithm: .fixedWindow,
            quota: Quota(limit: 60, window: .seconds(60))
        )
        let burst = LimitPolicy(name: "burst", algorithm: .tokenBucket, quota: Quota(limit: 10, window: .seconds(1)))
        let images = LimitPolicy(
            name: "images-per-day",
            algorithm: .fixedWindow,
            quota: Quota(limit: 200, window: .seconds(86_400)),
            partition: .project,
            unit: .images
        )
        #expect(configuration.listeners == [.init(address: .tcp(host: "127.0.0.1", port: 8080))])
        #expect(configuration.operations == .init(address: .tcp(host: "127.0.0.1", port: 9090)))
        #expect(configuration.store == .sqlite(path: "data/wonkey.db"))
        var counters = Configuration.Counters()
        counters.location = .redis(.init(endpoint: .tcp(host: "127.0.0.1", port: 6379)))
        #expect(configuration.counters == counters)
        #expect(configuration.keys == .init())
        #expect(configuration.limits == ["per-minute": perMinute, "burst": burst, "images-per-day": images])
        #expect(
            configuration.upstreams == ["api": .init(name: "api", endpoint: .tcp(host: "127.0.0.1", port: 3000))]
        )
        #expect(configuration.images == ["nano-banana": .init(name: "nano-banana")])
        #expect(configuration.storage == [:])
        #expect(configuration.routes == Self.routes(perMinute, burst, images))
        #expect(configuration.server == .init())
        var management = Configuration.Management()
        management.operations = .init(address: .tcp(host: "127.0.0.1", port: 9091))
        #expect(configuration.management == management)
        #expect(configuration.logs == .init())
        #expect(configuration.logging == .init())
    }

    private static func routes(
        _ perMinute: LimitPolicy,
        _ burst: LimitPolicy,
        _ images: LimitPolicy
    ) -> [Configuration.Route] {
        var response = Configuration.Route.FixedResponse()
        response.body = "pong\n"
        var ping = Configuration.Route(name: "ping", match: .init(path: .exact("/ping")), action: .respond(response))
        ping.match.methods = ["GET", "HEAD"]
        ping.authentication = .none
        ping.bodyLimit = 64 << 20
        var generate = Configuration.Route(
            name: "generate",
            match: .init(path: .exact("/v1/generate")),
            action: .generate(image: "nano-banana")
        )
        generate.match.methods = ["POST"]
        generate.limits = [perMinute, images]
        generate.bodyLimit = 64 << 10
        var api = Configuration.Route(name: "api", match: .init(path: .prefix("/")), action: .proxy(upstream: "api"))
        api.limits = [perMinute, burst]
        api.bodyLimit = 64 << 20
        return [ping, generate, api]
    }
}
