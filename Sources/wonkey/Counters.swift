import Logging
import NIOCore
import Synchronization
import WonkeyConfig
import WonkeyCore
import WonkeyGateway
import WonkeyRedis
import WonkeyWiring

/// The counter stores of all event loops, and how they are doing.
final class Counters: Sendable {
    private let gates: [ObjectIdentifier: NIOLoopBound<LimitGate>]
    private let redis: [NIOLoopBound<RedisCounterStore>]
    /// Answers of this process, where no Redis is.
    private let replays = LocalReplays()
    private let observer: RedisObserver?
    private let outageMode: CounterMode

    /// Makes a gate per event loop and starts connecting; a Redis that is away does not keep the sidecar from starting.
    ///
    /// - Parameters:
    ///   - settings: `counters:` of the configuration.
    ///   - group: Its loops get a gate each.
    ///   - registry: Gets `wonkey_counter_store_…`.
    /// - Throws: Why an event loop could not make its store.
    init(_ settings: Configuration.Counters, on group: any EventLoopGroup, registry: MetricsRegistry) async throws {
        let local = LocalCounters()
        let outage: OutagePolicy
        switch settings.onOutage {
        case .share: (outage, self.outageMode) = (.share(local, replicas: settings.replicas), .local)
        case .deny: (outage, self.outageMode) = (.deny, .closed)
        case .allow: (outage, self.outageMode) = (.allow, .open)
        }
        let leases = LeaseMetrics(registry)
        let loops = Array(group.makeIterator())
        var gates: [ObjectIdentifier: NIOLoopBound<LimitGate>] = [:]
        var stores: [NIOLoopBound<RedisCounterStore>] = []
        switch settings.location {
        case .memory:
            self.observer = nil
            for loop in loops {
                gates[ObjectIdentifier(loop)] = try await loop.submit {
                    let gate = LimitGate(
                        store: LocalCounterStore(local),
                        outage: outage,
                        timer: EventLoopTimer(eventLoop: loop),
                        leaseObserver: leases
                    )
                    return NIOLoopBound(gate, eventLoop: loop)
                }.get()
            }
        case .redis(let redis):
            let observer = RedisObserver(registry, connectionsMax: loops.count)
            self.observer = observer
            let redisSettings = RedisSettings(redis, timeout: settings.timeout)
            for loop in loops {
                let (gate, store) = try await Self.start(redisSettings, outage, observer, leases, on: loop)
                gates[ObjectIdentifier(loop)] = gate
                stores.append(store)
            }
        }
        self.gates = gates
        self.redis = stores
        let mode = self
        registry.gauge(
            "counter_store_degraded",
            help: "1 while limits are decided without the shared counters."
        ) { [weak mode] in
            mode.map { $0.isDegraded ? 1 : 0 }
        }
    }

    /// Starts a store and waits for the outcome of its first connection, which is bounded by its connect timeout.
    private static func start(
        _ settings: RedisSettings,
        _ outage: OutagePolicy,
        _ observer: RedisObserver,
        _ leases: LeaseMetrics,
        on loop: any EventLoop
    ) async throws -> (NIOLoopBound<LimitGate>, NIOLoopBound<RedisCounterStore>) {
        let connected = loop.makePromise(of: Bool.self)
        let made = try await loop.submit {
            let store = try RedisCounterStore(
                eventLoop: loop,
                settings: settings,
                logger: Logger(label: "wonkey.redis"),
                observer: observer
            )
            store.start { connected.succeed($0) }
            let gate = LimitGate(
                store: store,
                outage: outage,
                timer: EventLoopTimer(eventLoop: loop),
                leaseObserver: leases
            )
            return (NIOLoopBound(gate, eventLoop: loop), NIOLoopBound(store, eventLoop: loop))
        }.get()
        if try await !connected.futureResult.get() {
            Logger(label: "wonkey.redis").warning("counter store is away, on_outage decides")
        }
        return made
    }

    /// The gate of a loop; called on it.
    func gate(of loop: any EventLoop) -> LimitGate {
        guard let gate = self.gates[ObjectIdentifier(loop)] else {
            preconditionFailure("every loop of the group has a gate")
        }
        return gate.value
    }

    /// Where answers to requests with idempotency keys are kept; called on the loop.
    func replays(of loop: any EventLoop) -> any ReplayStore {
        self.redis.first { $0.eventLoop === loop }?.value ?? LocalReplayStore(self.replays)
    }

    private var isDegraded: Bool { self.observer?.isDegraded ?? false }

    /// How limits are decided now.
    var mode: CounterMode {
        guard let observer = self.observer else { return .local }
        return observer.isDegraded ? self.outageMode : .shared
    }

    /// Closes the connections, once the leases of the last requests are released or a second has passed.
    func stop() async {
        let deadline = ContinuousClock.now + .seconds(1)
        for gate in self.gates.values {
            while ContinuousClock.now < deadline,
                let left = try? await gate.eventLoop.submit({ gate.value.leases.unsettledCount }).get(), left > 0
            {
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
        for store in self.redis {
            try? await store.eventLoop.submit { store.value.stop() }.get()
        }
    }
}

/// Counts what happens to the Redis connections of all event loops.
final class RedisObserver: CounterStoreObserver {
    private let connections = Atomic<Int>(0)
    private let connectionsMax: Int
    private let roundTrips: Histogram
    private let failures: [CounterStoreError.Code: Counter]
    private let logger = Logger(label: "wonkey.redis")

    init(_ registry: MetricsRegistry, connectionsMax: Int) {
        self.connectionsMax = connectionsMax
        self.roundTrips = registry.histogram(
            "counter_store_round_trip_seconds",
            help: "Time from asking the counter store to its decision.",
            bounds: .fastCalls
        )
        let failures = registry.counters(
            "counter_store_failures",
            help: "Decisions the counter store did not make, by reason.",
            labels: ["reason"]
        )
        self.failures = [
            .unavailable: failures.child("unavailable"),
            .timedOut: failures.child("timed_out"),
            .malformedReply: failures.child("malformed_reply"),
        ]
    }

    /// Whether some event loop is without its connection.
    var isDegraded: Bool { self.connections.load(ordering: .relaxed) < self.connectionsMax }

    func counterStoreConnected() {
        if self.connections.add(1, ordering: .relaxed).newValue == self.connectionsMax {
            self.logger.info("counter store is there")
        }
    }

    func counterStoreDisconnected(reason: String) {
        if self.connections.subtract(1, ordering: .relaxed).oldValue == self.connectionsMax {
            self.logger.warning("counter store is away, on_outage decides", metadata: ["reason": "\(reason)"])
        }
    }

    func counterStoreAnswered(after duration: Duration) {
        self.roundTrips.observe(duration)
    }

    func counterStoreFailed(_ code: CounterStoreError.Code) {
        self.failures[code]?.increment()
    }
}
