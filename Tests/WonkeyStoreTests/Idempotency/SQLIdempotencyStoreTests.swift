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
            try await store.release(Self.claim(1))
            #expect(try await store.claim(Self.claim(1, request: 2)) == .claimed)
            try await store.complete(Self.claim(1, request: 2), answer: [1])
            try await store.release(Self.claim(1, request: 2))
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
            try await store.release(old)
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
}
