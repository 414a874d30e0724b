import Synchronization
import Testing
import WonkeyAdmin
import WonkeyCore

/// A clock that stands still until a test moves it.
final class HeldClock: WallClock {
    private let time: Mutex<Timestamp>

    init(_ time: Timestamp) {
        self.time = Mutex(time)
    }

    var now: Timestamp { self.time.withLock { $0 } }

    func advance(by duration: Duration) {
        self.time.withLock { $0 = $0 + duration }
    }
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Everything that a test of operations works with; it is 2026-11-21T09:42:40.123Z.
struct Bench {
    static let start = Timestamp(millisecondsSinceEpoch: 1_795_254_160_123)

    let store = MemoryStore()
    let clock = HeldClock(Self.start)
    let actor = Actor(name: "cli:alice", source: "test")
    var generator = SeededGenerator(seed: 1)

    var context: AdministrationContext {
        AdministrationContext(
            store: self.store,
            logs: self.store,
            clock: self.clock,
            actor: self.actor,
            limitNames: ["per-minute", "burst"]
        )
    }

    mutating func project(_ name: String = "acme") async throws -> Project {
        try await CreateProject(name: name).run(in: self.context, using: &self.generator)
    }

    mutating func key(of project: Project, expires: Moment? = nil) async throws -> IssuedKey {
        let operation = CreateKey(project: project.name, name: "alice", expires: expires, permissions: ["images:write"])
        return try await operation.run(in: self.context, using: &self.generator)
    }
}

/// Runs `body`, which must throw an ``OperationError``.
func refusal(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async throws -> OperationError {
    let error = try await #require(throws: OperationError.self, sourceLocation: sourceLocation) { try await body() }
    return error
}
