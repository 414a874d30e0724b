import Foundation
import Logging
import ServiceLifecycle
import UnixSignals
import WonkeyConfig
import WonkeyCore
import WonkeyGateway

/// Telemetry as configured, and what it needs to run.
struct TelemetryParts {
    /// `nil` if nothing is configured.
    let telemetry: Telemetry?
    let services: [any Service]

    /// Opens the access log's file.
    ///
    /// - Parameters:
    ///   - configuration: The whole.
    ///   - client: Calls the collector.
    ///   - registry: Gets the metrics of both.
    /// - Throws: If that file cannot be written.
    init(_ configuration: Configuration, client: any ServiceClient, registry: MetricsRegistry) throws {
        let settings = configuration.telemetry
        let keys = KeyFormat(prefix: configuration.keys.prefix, randomDigits: configuration.keys.length) ?? .standard
        var file: AccessLogFile?
        let accessLog = try settings.accessLog.map { settings in
            let output = try AccessLogFile(settings.destination)
            file = output
            return AccessLog(
                format: settings.format,
                query: settings.query,
                keys: keys,
                queueMax: settings.queue,
                output: output,
                metrics: registry,
                logger: Logger(label: "wonkey.access")
            )
        }
        let telemetry = Telemetry(
            accessLog: accessLog,
            exporter: settings.otlp.map { SpanExporter($0, client, registry) },
            sample: settings.otlp?.sample ?? 1
        )
        self.telemetry = telemetry
        var services: [any Service] = telemetry.map { [$0] } ?? []
        if let file, case .file? = settings.accessLog?.destination {
            services.append(AccessLogReopening(file: file, logger: Logger(label: "wonkey.access")))
        }
        self.services = services
    }
}

extension AccessLogFile {
    fileprivate convenience init(_ destination: Configuration.Telemetry.AccessLog.Destination) throws {
        switch destination {
        case .stdout: self.init(descriptor: STDOUT_FILENO)
        case .stderr: self.init(descriptor: STDERR_FILENO)
        case .file(let path): try self.init(path: path)
        }
    }
}

extension SpanExporter {
    fileprivate convenience init(
        _ settings: Configuration.Telemetry.OTLP,
        _ client: any ServiceClient,
        _ registry: MetricsRegistry
    ) {
        var export = ExportStateMachine.Settings()
        export.batch = settings.batch
        export.every = settings.every
        export.queue = settings.queue
        let resource: [SpanRecord.Attribute] = [
            .init("service.name", .text(settings.serviceName)), .init("service.version", .text(Wonkey.version)),
            .init("service.instance.id", .text(UUID().uuidString.lowercased())),
            .init("telemetry.sdk.name", .text("wonkey")), .init("telemetry.sdk.language", .text("swift")),
            .init("telemetry.sdk.version", .text(Wonkey.version)),
            .init("process.pid", .integer(Int(ProcessInfo.processInfo.processIdentifier))),
            .init("host.name", .text(ProcessInfo.processInfo.hostName)),
        ]
        self.init(
            export,
            to: Destination(
                url: settings.url,
                headers: settings.headers.map { (name: $0.name, value: $0.value.revealed) },
                timeout: settings.timeout,
                resource: resource.filter { own in !settings.resource.contains { $0.name == own.name } }
                    + settings.resource.map { .init($0.name, .text($0.value)) },
                version: Wonkey.version
            ),
            over: client,
            metrics: registry,
            logger: Logger(label: "wonkey.traces")
        )
    }
}

/// Opens the access log's file anew on SIGHUP if it was moved away, until shutdown.
private struct AccessLogReopening: Service {
    let file: AccessLogFile
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                do { try await self.file.reopen() } catch {
                    self.logger.error("the access log stays in its old file", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
