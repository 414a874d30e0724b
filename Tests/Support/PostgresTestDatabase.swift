import Synchronization
package import Testing

/// A database of one test's own, on the server that all tests of this process share.
package struct PostgresTestDatabase: Sendable {
    /// The database of the running test, made by the trait ``Testing/Trait/postgres``.
    @TaskLocal package static var current: PostgresTestDatabase?

    package let server: PostgresServer
    package let name: String

    package var url: String { self.server.url(database: self.name) }

    /// Runs SQL in it as the superuser; see ``PostgresServer/sql(_:database:)``.
    @discardableResult
    package func sql(_ sql: String) async throws -> String {
        try await self.server.sql(sql, database: self.name)
    }

    /// Started by the first test that needs it, and ended with the process.
    private static let server = Task { try await PostgresServer.start() }

    /// Databases in use at a time: each costs the server a few processes.
    fileprivate static let turns = Turns(12)

    fileprivate static func next() async throws -> PostgresTestDatabase {
        let name = "test_" + String(UInt64.random(in: 0...(.max)), radix: 36)
        return PostgresTestDatabase(server: try await self.server.value, name: name)
    }
}

/// Runs `body` with a database of its own and drops it afterwards, whatever happens.
///
/// - Parameters:
///   - exists: Whether it is there already, empty; otherwise there is only its name.
///   - body: Must not ask for a second one: it might wait for itself.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or ``PostgresServer/Failure`` if there is no server.
package func withPostgresDatabase<Value>(
    exists: Bool = true,
    _ body: (PostgresTestDatabase) async throws -> Value
) async throws -> Value {
    await PostgresTestDatabase.turns.take()
    defer { PostgresTestDatabase.turns.giveBack() }
    let database = try await PostgresTestDatabase.next()
    if exists { try await database.server.sql("CREATE DATABASE \(database.name)") }
    do {
        let value = try await body(database)
        try await database.server.sql("DROP DATABASE IF EXISTS \(database.name) WITH (FORCE)")
        return value
    } catch {
        _ = try? await database.server.sql("DROP DATABASE IF EXISTS \(database.name) WITH (FORCE)")
        throw error
    }
}

/// So many at a time; the rest wait in order.
private final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        self.state = Mutex(State(free: count))
    }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = self.state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        let next: CheckedContinuation<Void, Never>? = self.state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// Gives every test it is put on a PostgreSQL database of its own; see ``PostgresTestDatabase/current``.
package struct PostgresTrait: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    @concurrent
    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withPostgresDatabase { database in
            try await PostgresTestDatabase.$current.withValue(database) { try await function() }
        }
    }
}

extension Trait where Self == PostgresTrait {
    /// An empty PostgreSQL database for each test case, dropped afterwards; without PostgreSQL the test fails.
    package static var postgres: Self { Self() }
}
