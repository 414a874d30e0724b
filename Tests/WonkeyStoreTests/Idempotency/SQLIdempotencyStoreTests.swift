import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Idempotency store")
struct SQLIdempotencyStoreTests {
    private static func claim(_ key: UInt8, request: UInt8 = 1, at now: Int64 = 1_000) -> IdempotencyClaim {
        IdempotencyClaim(
            keyHash: [UInt8](repeating: key, count: 32),
            requestHash: [UInt8](repeating: request, count: 32),
            userID: nil,
            now: at(now),
            abandonedBefore: at(now - 100),
            expiresAt: at(now + 5_000)
        )
    }

    @Test("a key is claimed once, then answered from what was kept", arguments: Backend.allCases)
    func life(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            let claim = Self.claim(1)
            #expect(try await store.claim(claim) == .claimed)
            #expect(try await store.claim(Self.claim(1, at: 1_050)) == .inFlight)
            #expect(try await store.claim(Self.claim(1, request: 2)) == .otherRequest)
            #expect(try await store.claim(Self.claim(2)) == .claimed)
            try await store.complete(claim, answer: [7, 0, 255])
            #expect(try await store.claim(Self.claim(1, at: 3_000)) == .answered([7, 0, 255]))
            #expect(try await store.claim(Self.claim(1, request: 2, at: 3_000)) == .otherRequest)
            #expect(try await store.claim(Self.claim(1, at: 6_000)) == .claimed)
        }
    }

    @Test("a released claim is free, and an answer stays", arguments: Backend.allCases)
    func release(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            #expect(try await store.claim(Self.claim(1)) == .claimed)
            try await store.release(Self.claim(1), .refused)
            #expect(try await store.claim(Self.claim(1, request: 2)) == .claimed)
            try await store.complete(Self.claim(1, request: 2), answer: [1])
            try await store.release(Self.claim(1, request: 2), .refused)
            #expect(try await store.claim(Self.claim(1, request: 2)) == .answered([1]))
        }
    }

    @Test("a claim that was abandoned is taken over, and its late answer is not kept", arguments: Backend.allCases)
    func abandoned(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            let (old, new) = (Self.claim(1), Self.claim(1, at: 1_101))
            #expect(try await store.claim(old) == .claimed)
            #expect(try await store.claim(Self.claim(1, at: 1_100)) == .inFlight)
            #expect(try await store.claim(new) == .claimed)
            try await store.complete(old, answer: [1])
            try await store.release(old, .refused)
            #expect(try await store.claim(Self.claim(1, at: 1_102)) == .inFlight)
            try await store.complete(new, answer: [2])
            #expect(try await store.claim(Self.claim(1, at: 1_103)) == .answered([2]))
        }
    }

    @Test("of many at once one claims the key", arguments: Backend.allCases)
    func race(backend: Backend) async throws {
        try await backend.withStore { test in
            // Migrates, so that the race is about the claim alone.
            #expect(try await test.store.idempotency(for: .accounts).claim(Self.claim(2)) == .claimed)
            let outcomes = try await withThrowingTaskGroup(of: IdempotencyOutcome.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await test.store.idempotency(for: .accounts).claim(Self.claim(1)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == .claimed } == 1)
            #expect(outcomes.count { $0 == .inFlight } == 15)
        }
    }

    @Test(
        "after a change under a claim that nobody answered, a repetition is told so for as long as answers are kept",
        arguments: Backend.allCases
    )
    func changed(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            let claim = Self.claim(1)
            #expect(try await store.claim(claim) == .claimed)
            let projects = test.store.administration(for: .operator, under: claim)
            try await projects.createProject(project("a"), by: operatorActor)
            #expect(try await store.claim(Self.claim(1, at: 1_100)) == .inFlight)
            try await store.release(claim, .failed)
            #expect(try await store.claim(Self.claim(1, at: 1_101)) == .answerLost)
            #expect(try await store.claim(Self.claim(1, request: 2, at: 1_101)) == .otherRequest)
            try await store.complete(claim, answer: [1])
            #expect(try await store.claim(Self.claim(1, at: 5_999)) == .answered([1]))
            #expect(try await store.claim(Self.claim(1, at: 6_000)) == .claimed)
        }
    }

    @Test("a change that did not come about is noted nowhere", arguments: Backend.allCases)
    func unchanged(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            let claim = Self.claim(1)
            try await test.store.administration.createProject(project("a"), by: operatorActor)
            #expect(try await store.claim(claim) == .claimed)
            let projects = test.store.administration(for: .operator, under: claim)
            #expect(
                try await storeErrorCode { try await projects.createProject(project("a"), by: operatorActor) }
                    == .conflict
            )
            #expect(try await store.claim(Self.claim(1, at: 1_101)) == .claimed)
        }
    }

    @Test("a refused request frees its key even after a change, one that failed does not", arguments: Backend.allCases)
    func releases(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            for (key, release, outcome) in [
                (1, .refused, .claimed), (2, .failed, .inFlight),
            ] as [(UInt8, IdempotencyRelease, IdempotencyOutcome)] {
                #expect(try await store.claim(Self.claim(key)) == .claimed)
                let projects = test.store.administration(for: .operator, under: Self.claim(key))
                try await projects.createProject(project("p\(key)"), by: operatorActor)
                try await store.release(Self.claim(key), release)
                #expect(try await store.claim(Self.claim(key, at: 1_001)) == outcome)
            }
        }
    }

    @Test("who lost their claim changes nothing", arguments: Backend.allCases)
    func lostClaim(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.idempotency(for: .accounts)
            let outcomes = [try await store.claim(Self.claim(1)), try await store.claim(Self.claim(1, at: 1_101))]
            #expect(outcomes == [.claimed, .claimed])
            let late = test.store.administration(for: .operator, under: Self.claim(1))
            #expect(
                try await storeErrorCode { try await late.createProject(project("a"), by: operatorActor) }
                    == .unavailable
            )
            #expect(try await test.store.administration.projects() == [])
        }
    }
}
