import Foundation
import WonkeyCore
import WonkeyGateway
import WonkeyHTTP

/// Metrics of the process and of parts that keep their own count.
enum ProcessMetrics {
    static func register(in registry: MetricsRegistry, keys: KeyServices, server: HTTPServer) {
        registry.gauge(
            "build_info",
            help: "1, with the version of this build.",
            labels: [(name: "version", value: Wonkey.version)]
        ) { 1 }
        registry.gauge("http_connections", help: "Open client connections.") { Double(server.connectionCount) }
        registry.gauge("key_cache_entries", help: "Keys held in the cache.") { Double(keys.cache.count) }
        registry.gauge("key_cache_age_seconds", help: "Time since the store last confirmed the cache.") {
            keys.isCacheUsable ? Double(keys.cacheAgeMs) / 1_000 : nil
        }
        registry.gauge("store_connected", help: "1 while the key store answers.") {
            keys.watcher.isConnected ? 1 : 0
        }
        registry.gauge(.unprefixed("process_resident_memory_bytes"), help: "Resident memory.") {
            Self.residentBytes()
        }
        registry.counter(.unprefixed("process_cpu_seconds"), help: "User and system CPU time spent.") {
            Self.cpuSeconds()
        }
        registry.gauge(.unprefixed("process_open_fds"), help: "Open file descriptors.") {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { Double($0.count) }
        }
        let startedAt = Date().timeIntervalSince1970
        registry.gauge(.unprefixed("process_start_time_seconds"), help: "Start time since the Unix epoch.") {
            startedAt
        }
    }

    /// The second field of `/proc/self/statm` counts pages.
    private static func residentBytes() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func cpuSeconds() -> Double? {
        var usage = rusage()
        guard unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        return seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
    }
}

/// Requests that were answered before they became one: counted by reason, and in the access log.
struct MalformedRequests: Sendable {
    private let counters: [MalformedRequest.Reason: Counter]
    private let log: AccessLog?
    private let clock: any WallClock

    init(_ registry: MetricsRegistry, log: AccessLog?, clock: some WallClock) {
        self.log = log
        self.clock = clock
        let family = registry.counters(
            "malformed_requests",
            help: "Requests refused because they are not valid HTTP, by reason.",
            labels: ["reason"]
        )
        self.counters = Dictionary(
            uniqueKeysWithValues: MalformedRequest.Reason.allCases.map { ($0, family.child($0.rawValue)) }
        )
    }

    func note(_ request: MalformedRequest) {
        self.counters[request.reason]?.increment()
        guard let log = self.log else { return }
        let record = RequestRecord(
            id: "",
            requestID: "",
            time: self.clock.now,
            method: "",
            path: "",
            status: request.status,
            clientAddress: request.remoteAddress.ip,
            fault: .downstream
        )
        log.submit([AccessEntry(record: record, malformation: request.reason.rawValue)])
    }
}

/// Connections there was no room for, by which limit.
struct RefusedConnections: Sendable {
    private let counters: [ConnectionRefusal: Counter]

    init(_ registry: MetricsRegistry) {
        let family = registry.counters(
            "http_connections_refused",
            help: "Client connections closed at once because there were too many, in total or of one address.",
            labels: ["limit"]
        )
        self.counters = Dictionary(
            uniqueKeysWithValues: ConnectionRefusal.allCases.map { ($0, family.child($0.rawValue)) }
        )
    }

    func count(_ refusal: ConnectionRefusal) {
        self.counters[refusal]?.increment()
    }
}

/// TLS handshakes with clients, by how they went.
struct Handshakes: Sendable {
    private let counters: [HandshakeOutcome: Counter]

    init(_ registry: MetricsRegistry) {
        let family = registry.counters(
            "tls_handshakes",
            help: "TLS handshakes with clients, by how they went.",
            labels: ["result"]
        )
        self.counters = Dictionary(
            uniqueKeysWithValues: HandshakeOutcome.allCases.map { ($0, family.child($0.rawValue)) }
        )
    }

    func count(_ outcome: HandshakeOutcome) {
        self.counters[outcome]?.increment()
    }
}
