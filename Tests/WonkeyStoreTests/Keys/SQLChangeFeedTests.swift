import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Change feed")
struct SQLChangeFeedTests {
    @Test("nothing changed gives 0, and the empty list after the wait", arguments: Backend.allCases)
    func nothing(backend: Backend) async throws {
        try await backend.withStore { test in
            let latest = try await test.store.changes.latest()
            #expect(latest == 0)
            #expect(try await test.store.changes.changes(after: 0) == [])
        }
    }

    @Test("a change by another process ends the wait and comes in commit order", arguments: Backend.allCases)
    func another(backend: Backend) async throws {
        try await backend.withStore { test in
            let start = try await test.store.changes.latest()
            let other = TestStore(place: test.place)
            let feed = test.store.changes
            async let seen = Self.changes(feed, after: start, count: 2)
            try await other.store.administration.createProject(project("a"), by: operatorActor)
            try await other.store.administration.createProject(project("b"), by: operatorActor)
            let changes = try await seen
            #expect(
                changes == [
                    Change(sequence: 1, kind: .project, projectID: project("a").id, keyHash: nil),
                    Change(sequence: 2, kind: .project, projectID: project("b").id, keyHash: nil),
                ]
            )
            #expect(try await feed.latest() == 2)
            #expect(try await feed.changes(after: 2) == [])
            await other.store.close()
        }
    }

    @Test("a commit that is no change is waited out", arguments: Backend.allCases)
    func otherCommits(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.logSink.write(LogBatch(id: "b", records: [], usage: []))
            #expect(try await test.store.changes.changes(after: 0) == [])
        }
    }

    @Test("at most 1000 changes come at once", arguments: Backend.allCases)
    func pages(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await test.store.changes.latest()
            try await test.database.write { connection in
                for _ in 0..<1_200 {
                    try Outbox.append(.project, project: project("a").id, at: at(1), on: connection)
                }
            }
            #expect(try await test.store.changes.changes(after: 0).map(\.sequence) == Array(1...1_000))
            #expect(try await test.store.changes.changes(after: 1_000).map(\.sequence) == Array(1_001...1_200))
        }
    }

    @Test("changes are forgotten after a day, the newest never", arguments: Backend.allCases)
    func pruning(backend: Backend) async throws {
        try await backend.withStore { test in
            let day: Int64 = 86_400_000
            _ = try await test.store.changes.latest()
            for time in [0, 1, day + 1, 9 * day] {
                try await test.database.write { connection in
                    try Outbox.append(.project, project: project("a").id, at: at(time), on: connection)
                }
                let kept = try await test.values("SELECT COUNT(*) FROM changes")
                #expect(kept == [[.integer(time == day + 1 ? 2 : time == 1 ? 2 : 1)]])
            }
            #expect(try await test.store.changes.latest() == 4)
        }
    }

    @Test("a reader that missed forgotten changes is told that every project changed", arguments: Backend.allCases)
    func missed(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(project("a", at: 1), by: operatorActor)
            try await store.createProject(project("b", at: 2), by: operatorActor)
            try await store.createProject(project("c", at: 100_000_000), by: operatorActor)
            #expect(try await test.store.changes.changes(after: 2).map(\.projectID.rawValue) == ["proj_c"])
            let reset = ["a", "b", "c"].map {
                Change(sequence: 2, kind: .project, projectID: project($0).id, keyHash: nil)
            }
            #expect(try await test.store.changes.changes(after: 1) == reset)
        }
    }

    @Test("a reader ahead of a restored database is told that every project changed", arguments: Backend.allCases)
    func restored(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(project("a", at: 1), by: operatorActor)
            let reset = Change(sequence: 1, kind: .project, projectID: project("a").id, keyHash: nil)
            #expect(try await test.store.changes.changes(after: 40) == [reset])
            #expect(try await test.store.changes.changes(after: 1) == [])
        }
    }

    @Test("the wait ends with its task", arguments: Backend.allCases)
    func cancelled(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await test.store.changes.latest()
            let feed = SQLChangeFeed(test.database, interval: .seconds(3_600))
            let waiting = Task { try await feed.changes(after: 0) }
            waiting.cancel()
            #expect(try await storeErrorCode { _ = try await waiting.value } == .unavailable)
        }
    }

    /// Reads until `count` changes came; bounded by the number of intervals.
    private static func changes(_ feed: SQLChangeFeed, after: Int64, count: Int) async throws -> [Change] {
        var seen: [Change] = []
        for _ in 0..<2_000 where seen.count < count {
            seen += try await feed.changes(after: seen.last?.sequence ?? after)
        }
        return seen
    }
}
