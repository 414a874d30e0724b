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

    fileprivate func create(_ contents: PostgresContents) async throws {
        switch contents {
        case .missing: break
        case .empty: try await self.server.sql("CREATE DATABASE \(self.name)")
        case .copy(let template):
            try await template.make(on: self.server)
            try await self.server.sql("CREATE DATABASE \(self.name) TEMPLATE \(template.name)")
        }
    }
}

/// What a database holds that many tests begin with: made once in a process, then copied by the server.
///
/// A copy takes a small part of the time that making the contents does.
package struct PostgresTemplate: Sendable {
    private static let made = Mutex<[String: Task<Void, any Error>]>([:])

    /// Two of the same name are the same.
    package let name: String
    private let fill: @Sendable (_ url: String) async throws -> Void

    /// Makes nothing yet.
    ///
    /// - Parameters:
    ///   - name: Of the database that is copied.
    ///   - fill: Fills it; must leave no connection to it, which would hinder copying.
    package init(_ name: String, fill: @escaping @Sendable (_ url: String) async throws -> Void) {
        self.name = name
        self.fill = fill
    }

    /// Waits until it is there; the first who asks makes it.
    fileprivate func make(on server: PostgresServer) async throws {
        let task = Self.made.withLock { made in
            if let task = made[self.name] { return task }
            let task = Task {
                try await server.sql("CREATE DATABASE \(self.name)")
                try await self.fill(server.url(database: self.name))
                // From here on nobody connects to it by mistake, a test that copies it included.
                try await server.sql("ALTER DATABASE \(self.name) ALLOW_CONNECTIONS false")
            }
            made[self.name] = task
            return task
        }
        try await task.value
    }
}

/// What a test finds in its database.
package enum PostgresContents: Sendable {
    /// There is only the database's name.
    case missing
    case empty
    case copy(of: PostgresTemplate)
}

/// Runs `body` with a database of its own and drops it afterwards, whatever happens.
///
/// - Parameters:
///   - contents: What is in it.
///   - body: Must not ask for a second one: it might wait for itself.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or ``PostgresServer/Failure`` if there is no server.
package func withPostgresDatabase<Value>(
    _ contents: PostgresContents = .empty,
    _ body: (PostgresTestDatabase) async throws -> Value
) async throws -> Value {
    await PostgresTestDatabase.turns.take()
    defer { PostgresTestDatabase.turns.giveBack() }
    let database = try await PostgresTestDatabase.next()
    try await database.create(contents)
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
    fileprivate let contents: PostgresContents

    package var isRecursive: Bool { true }

    @concurrent
    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withPostgresDatabase(self.contents) { database in
            try await PostgresTestDatabase.$current.withValue(database) { try await function() }
        }
    }
}

extension Trait where Self == PostgresTrait {
    /// An empty PostgreSQL database for each test case, dropped afterwards; without PostgreSQL the test fails.
    package static var postgres: Self { Self(contents: .empty) }

    /// The same with a copy of `template`.
    package static func postgres(_ template: PostgresTemplate) -> Self { Self(contents: .copy(of: template)) }
}
