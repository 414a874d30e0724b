import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyAdmin

/// A management service on a real socket, over stores in memory.
struct ServiceBench: Sendable {
    let store = MemoryStore()
    let clock = HeldClock(Bench.start)
    let answers = MemoryIdempotencyStore()
    let sealing = HeldSealingKeys()
    let log = CollectedLog()
    let drain = DrainState()
    /// Where the service counts, for tests that run it once; a new one each time if there is none.
    var registry: MetricsRegistry?
    var settings = ServingSettings(address: .tcp(host: "127.0.0.1", port: 0))
    /// In the place of ``store``, where a test needs a database's own rules.
    var administration: (@Sendable (StoreScope, IdempotencyClaim?) -> any AdministrationStore)?

    /// In the place of ``answers``, where requests change what is in a database.
    var idempotency: (@Sendable (StoreScope) -> any IdempotencyStore)?

    var services: ManagementServices {
        ManagementServices(
            administration: { [store, administration] in administration?($0, $1) ?? store },
            logs: { [store] _ in store },
            idempotency: { [answers, idempotency] in idempotency?($0) ?? answers },
            sealing: self.sealing,
            authenticator: TokenNames(),
            signIn: NoAccounts.services(clock: self.clock),
            clock: self.clock,
            keyFormat: .standard,
            limitNames: ["per-minute", "burst"],
            readiness: { [store, drain] in
                if drain.isDraining { return .draining }
                return store.with { $0.failure == nil } ? .ready : .storeUnavailable
            }
        )
    }

    /// Runs the service while `body` runs.
    ///
    /// - Parameters:
    ///   - endpoints: What it offers.
    ///   - body: Gets the port, and a way to begin the shutdown early.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func serving<Value: Sendable>(
        _ endpoints: [Endpoint],
        _ body: @escaping @Sendable (_ port: Int, _ stop: @escaping @Sendable () async -> Void) async throws -> Value
    ) async throws -> Value {
        let log = self.log
        let metrics = ServiceMetrics(registry: self.registry ?? MetricsRegistry(), endpoints: endpoints)
        return try await Self.running(
            { onListening in
                ManagementService(
                    endpoints,
                    services: self.services,
                    settings: self.settings,
                    metrics: metrics,
                    on: MultiThreadedEventLoopGroup.singleton,
                    drain: self.drain,
                    logger: Logger(label: "test") { _ in log },
                    onListening: onListening
                )
            },
            body
        )
    }

    /// Runs a service that listens on a port of the system's choice, while `body` runs.
    static func running<Value: Sendable>(
        _ make: (_ onListening: @escaping @Sendable (SocketAddress?) -> Void) -> any Service,
        _ body: @escaping @Sendable (_ port: Int, _ stop: @escaping @Sendable () async -> Void) async throws -> Value
    ) async throws -> Value {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let service = make { listening.yield($0?.port ?? 0) }
        let quiet = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(configuration: .init(services: [service], logger: quiet))
        return try await withThrowingTaskGroup(of: Value?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                var iterator = ports.makeAsyncIterator()
                let port = try #require(await iterator.next())
                do {
                    let value = try await body(port) { await group.triggerGracefulShutdown() }
                    await group.triggerGracefulShutdown()
                    return value
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            var value: Value?
            for try await result in tasks { value = result ?? value }
            return try #require(value)
        }
    }

    /// Runs the service for one request.
    func answer(
        _ endpoints: [Endpoint],
        _ method: String,
        _ path: String,
        headers: [(String, String)] = [],
        body: String = ""
    ) async throws -> TestResponse {
        try await self.serving(endpoints) { port, _ in
            try await withTestClient(port: port) { client in
                try await client.send(method, path, headers: headers, body: Array(body.utf8))
            }
        }
    }
}

extension TestResponse {
    /// The body as JSON.
    var json: JSONValue {
        get throws { try JSONValue(parsing: self.body) }
    }

    /// The fields at fault and why, of a 422.
    var faults: [String: String] {
        get throws {
            guard case .object(let members) = try self.json else { return [:] }
            let errors = JSONObject(members).objects(ifPresent: "errors") ?? []
            return Dictionary(errors.map { ($0.text("field"), $0.text("message")) }) { first, _ in first }
        }
    }
}

/// Knows the tokens `user-NAME`, `expired` and `away`.
struct TokenNames: Authenticator {
    func authenticate(bearer: String) async throws(AuthenticationError) -> Principal {
        switch bearer {
        case "expired": throw AuthenticationError(code: .expiredToken, message: "it is over")
        case "away": throw AuthenticationError(code: .unavailable, message: "disk on fire")
        default: break
        }
        guard bearer.hasPrefix("user-"), let email = EmailAddress("\(bearer.dropFirst(5))@example.com") else {
            throw AuthenticationError(code: .invalidToken, message: "not a token")
        }
        let id = UserID(rawValue: "usr_\(bearer.dropFirst(5))")
        return Principal(user: User(id: id, email: email, createdAt: Bench.start))
    }

    static func header(_ name: String) -> (String, String) { ("Authorization", "Bearer user-\(name)") }
}

/// Secrets that a test may change.
final class HeldSealingKeys: SealingKeys {
    private let keys: Mutex<[SigningKey]>

    init() {
        self.keys = Mutex([Self.key(1)])
    }

    static func key(_ number: UInt8) -> SigningKey {
        SigningKey(id: "sig_\(number)", secret: [UInt8](repeating: number, count: 32), createdAt: Bench.start)
    }

    func sealingKey() async throws(StoreError) -> SigningKey { self.keys.withLock { $0[0] } }

    func sealingKey(id: String) async throws(StoreError) -> SigningKey? {
        self.keys.withLock { $0.first { $0.id == id } }
    }

    /// What the next answers are sealed with, and what others can still be opened with.
    func replace(_ keys: UInt8...) {
        self.keys.withLock { $0 = keys.map(Self.key) }
    }
}

/// The port in memory, as the database has it.
final class MemoryIdempotencyStore: IdempotencyStore {
    struct Row {
        var claim: IdempotencyClaim
        var answer: [UInt8]?
    }

    private let rows = Mutex<[[UInt8]: Row]>([:])

    var all: [Row] { self.rows.withLock { Array($0.values) } }

    func claim(_ claim: IdempotencyClaim) async throws(StoreError) -> IdempotencyOutcome {
        self.rows.withLock { rows in
            rows = rows.filter { $0.value.claim.expiresAt > claim.now }
            if let row = rows[claim.keyHash], row.answer != nil || row.claim.now >= claim.abandonedBefore {
                guard row.claim.requestHash == claim.requestHash else { return .otherRequest }
                guard let answer = row.answer, !answer.isEmpty else {
                    return row.claim.now >= claim.abandonedBefore ? .inFlight : .answerLost
                }
                return .answered(answer)
            }
            rows[claim.keyHash] = Row(claim: claim)
            return .claimed
        }
    }

    func complete(_ claim: IdempotencyClaim, answer: [UInt8]) async throws(StoreError) {
        self.rows.withLock { $0[claim.keyHash]?.answer = answer }
    }

    func release(_ claim: IdempotencyClaim, _ condition: IdempotencyRelease) async throws(StoreError) {
        self.rows.withLock { rows in rows[claim.keyHash] = nil }
    }

    /// As if a process had changed something under every claim and died before it answered.
    func loseAnswers() {
        self.rows.withLock { rows in
            for key in rows.keys { rows[key]?.answer = [] }
        }
    }
}

/// Keeps log lines for a test to look at.
final class CollectedLog: LogHandler {
    private let entries = Mutex<[String]>([])

    var lines: [String] { self.entries.withLock(\.self) }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        self.entries.withLock { $0.append("\(event.level) \(event.message) \(metadata.joined(separator: " "))") }
    }
}
