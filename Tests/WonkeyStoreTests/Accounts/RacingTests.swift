import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: two at once")
struct RacingTests {
    private static let home = project("a")
    private static let id = KeyID(rawValue: "key_one")

    /// Runs `body` with two stores on one database, as two processes have them.
    private static func withRivals(
        _ backend: Backend,
        _ body: (SQLAdministrationStore, SQLAdministrationStore) async throws -> Void
    ) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(Self.home, by: operatorActor)
            try await store.createKey(key("one", of: Self.home), hash: hash("one"), by: operatorActor)
            let other = TestStore(place: test.place)
            try await body(store, other.store.administration)
            await other.store.close()
        }
    }

    @Test("changes of different members both hold, whatever their order", arguments: Backend.allCases)
    func members(backend: Backend) async throws {
        try await Self.withRivals(backend) { one, two in
            let rounds = 20
            async let names: Void = Self.repeated(rounds) { round in
                let change = KeyChange(name: "name \(round)")
                _ = try await one.updateKey(Self.id, change, ifVersion: nil, at: at(round), by: operatorActor)
            }
            async let permissions: Void = Self.repeated(rounds) { round in
                let change = KeyChange(permissions: [try permission("p\(round)")])
                _ = try await two.updateKey(Self.id, change, ifVersion: nil, at: at(round), by: operatorActor)
            }
            _ = try await (names, permissions)
            var expected = key("one", of: Self.home)
            expected.name = "name \(rounds)"
            expected.permissions = [try permission("p\(rounds)")]
            expected.version = Int64(1 + 2 * rounds)
            #expect(try await one.key(id: Self.id) == expected)
        }
    }

    @Test("of several who change the same version one wins, and the others are told", arguments: Backend.allCases)
    func versions(backend: Backend) async throws {
        try await Self.withRivals(backend) { one, two in
            let outcomes = try await withThrowingTaskGroup(of: StoreError.Code?.self) { group in
                for (index, store) in [one, two, one, two].enumerated() {
                    group.addTask {
                        try await storeErrorCode {
                            let change = ProjectChange(name: "name \(index)")
                            _ = try await store.updateProject(
                                Self.home.id,
                                change,
                                ifVersion: 1,
                                at: at(50),
                                by: operatorActor
                            )
                        }
                    }
                }
                return try await group.reduce(into: [StoreError.Code?]()) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == nil } == 1)
            #expect(outcomes.count { $0 == .outdated } == 3)
            #expect(try await one.project(nameOrID: Self.home.id.rawValue)?.version == 2)
        }
    }

    @Test("a key that two rotate has as many successors as rotations were confirmed", arguments: Backend.allCases)
    func revocationAndRotation(backend: Backend) async throws {
        try await Self.withRivals(backend) { one, two in
            async let rotation = storeErrorCode {
                try await one.rotateKey(
                    Self.id,
                    to: key("two", of: Self.home, at: 100),
                    hash: hash("two"),
                    oldExpiresAt: at(500),
                    by: operatorActor
                )
            }
            async let revocation = storeErrorCode {
                let change = KeyChange(state: .revoked)
                _ = try await two.updateKey(Self.id, change, ifVersion: nil, at: at(100), by: operatorActor)
            }
            let codes = try await (rotation, revocation)
            #expect(codes.1 == nil)
            #expect(try await one.key(id: Self.id)?.state == .revoked)
            // Whoever came second saw what the first one did.
            #expect(try await (one.key(hash: hash("two")) == nil) == (codes.0 == .conflict))
        }
    }

    @Test("two new names that are the same: one is made, the other a conflict", arguments: Backend.allCases)
    func names(backend: Backend) async throws {
        try await Self.withRivals(backend) { one, two in
            var twin = project("twin")
            async let first = storeErrorCode { try await one.createProject(project("twin"), by: operatorActor) }
            twin.id = ProjectID(rawValue: "proj_other")
            async let second = storeErrorCode { [twin] in try await two.createProject(twin, by: operatorActor) }
            let codes = try await [first, second]
            #expect(codes.count { $0 == nil } == 1)
            #expect(codes.count { $0 == .conflict } == 1)
        }
    }

    private static func repeated(_ rounds: Int, _ body: (Int64) async throws -> Void) async throws {
        for round in 1...rounds { try await body(Int64(round)) }
    }
}
