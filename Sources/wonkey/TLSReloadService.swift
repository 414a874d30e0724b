import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import WonkeyCore
import WonkeyHTTP

/// Loads certificates again when their files change, until shutdown.
struct TLSReloadService: Service {
    /// Between two looks at the files; a change is acted on at the second one that sees it.
    private static let interval: Duration = .seconds(5)

    /// Those in use now, under their names.
    let parts: @Sendable () -> [(name: String, part: any TLSReloadable)]
    let metrics: TLSMetrics
    let logger: Logger

    func run() async {
        self.metrics.loaded(self.parts())
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { await self.forEachPart { $0.poll() } }
        }
    }

    /// Loads all files, changed or not.
    func reload() async {
        await self.forEachPart { $0.reload() }
    }

    /// Files are read on a thread of their own, where waiting for a disk holds up nobody.
    private func forEachPart(_ look: @escaping @Sendable (any TLSReloadable) -> FileReload) async {
        for (name, part) in self.parts() {
            guard let outcome = try? await NIOThreadPool.singleton.runIfActive({ look(part) }) else { return }
            self.tell(outcome, name, part)
        }
    }

    private func tell(_ outcome: FileReload, _ name: String, _ part: any TLSReloadable) {
        switch outcome {
        case .unchanged: break
        case .reloaded:
            self.metrics.reloaded(name, part)
            let paths = part.certificates.map(\.path).joined(separator: ", ")
            self.logger.info("certificates are loaded again", metadata: ["for": "\(name)", "files": "\(paths)"])
        case .failed(let fault):
            self.metrics.reloadFailed()
            self.logger.error(
                "certificates cannot be loaded again; the earlier ones stay in use",
                metadata: ["for": "\(name)", "file": "\(fault.path)", "fault": "\(fault.message)"]
            )
        }
    }
}

/// When certificates end, and how loading them again went.
struct TLSMetrics: Sendable {
    private let ends: MetricFamily<Gauge>
    private let succeeded: Counter
    private let failed: Counter

    init(_ registry: MetricsRegistry) {
        self.ends = registry.gauges(
            "tls_certificate_not_after_seconds",
            help: "When a certificate in use ends, since the Unix epoch, by listener or upstream and file.",
            labels: ["for", "file"]
        )
        let reloads = registry.counters(
            "tls_reloads",
            help: "Times certificates were loaded again, by how that went.",
            labels: ["result"]
        )
        self.succeeded = reloads.child("succeeded")
        self.failed = reloads.child("failed")
    }

    func loaded(_ parts: [(name: String, part: any TLSReloadable)]) {
        for (name, part) in parts { self.show(name, part) }
    }

    func reloaded(_ name: String, _ part: any TLSReloadable) {
        self.succeeded.increment()
        self.show(name, part)
    }

    func reloadFailed() {
        self.failed.increment()
    }

    private func show(_ name: String, _ part: any TLSReloadable) {
        for certificate in part.certificates { self.ends.child(name, certificate.path).set(certificate.notAfter) }
    }
}
