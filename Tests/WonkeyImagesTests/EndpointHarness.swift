import Foundation
import Logging
import Support
import Synchronization
import WonkeyCore
import WonkeyCurl
import WonkeyHTTP

@testable import WonkeyImages

/// The endpoint over the real client, before stand-ins for the provider and the store.
struct EndpointHarness {
    let gemini: GeminiStandIn
    let store: ObjectStoreStandIn
    let client: CurlServiceClient
    let log = LogCollector()
    /// What the endpoint is made with; tests change it.
    var settings: ImageEndpointSettings

    /// Runs `body` with fresh stand-ins, and ends them.
    static func run(
        script: [StandInServer.Reply] = [GeminiStandIn.image()],
        storeFaults: [StandInServer.Reply] = [],
        _ body: (inout EndpointHarness) async throws -> Void
    ) async throws {
        let gemini = try await GeminiStandIn.start(script: script)
        let store = try await ObjectStoreStandIn.start(faults: storeFaults)
        let client = try CurlServiceClient()
        var provider = ImageProviderSettings(modelID: "gemini-nano-banana-2.1", apiKey: Secret("stand-in-key"))
        provider.baseURL = gemini.url
        provider.timeout = .seconds(20)
        var harness = EndpointHarness(
            gemini: gemini,
            store: store,
            client: client,
            settings: ImageEndpointSettings(provider: provider)
        )
        let result: Result<Void, any Error>
        do { result = .success(try await body(&harness)) } catch { result = .failure(error) }
        client.shutdown()
        await gemini.shutdown()
        await store.shutdown()
        try result.get()
    }

    /// Storage in the stand-in, with a short pause between attempts.
    func storage(_ url: ObjectStorageSettings.URLStyle = .publicBase("https://img.example.com/"))
        -> ObjectStorageSettings
    {
        let credentials = ObjectStoreStandIn.Credentials()
        var storage = ObjectStorageSettings(
            endpoint: self.store.url,
            bucket: credentials.bucket,
            accessKeyID: credentials.accessKeyID,
            secretAccessKey: Secret(credentials.secretAccessKey),
            url: url
        )
        storage.backoff = .milliseconds(5)
        return storage
    }

    func answer(
        _ body: String = #"{"prompt":"a cat"}"#,
        contentType: String? = "application/json"
    ) async -> EndpointAnswer {
        let logger = Logger(label: "test") { _ in self.log.handler }
        let endpoint = ImageEndpoint(self.settings, client: self.client, clock: SystemClock(), logger: logger)
        return await endpoint.answer(EndpointRequest(requestID: "r1", body: Array(body.utf8), contentType: contentType))
    }

    private struct SystemClock: WallClock {
        var now: Timestamp {
            Timestamp(millisecondsSinceEpoch: Int64(Date.now.timeIntervalSince1970 * 1_000))
        }
    }
}

extension EndpointAnswer {
    var json: JSON { (try? JSON(json: self.body)) ?? .null }

    /// `status code images fault`, with `Retry-After` where there is one.
    var summary: String {
        let retry = self.fields.first { $0.0 == "retry-after" }.map { " retry \($0.1)" } ?? ""
        return "\(self.status) \(self.json["code"]?.text ?? "-") \(self.images) \(self.fault.rawValue)\(retry)"
    }
}

/// Keeps log lines as text.
final class LogCollector: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { self.lines.withLock { $0.joined(separator: "\n") } }

    var handler: any LogHandler { Handler(collector: self) }

    private struct Handler: LogHandler {
        let collector: LogCollector
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let text = "\(event.level): \(event.message) \(event.metadata ?? [:])"
            self.collector.lines.withLock { $0.append(text) }
        }
    }
}
