import Testing
import WonkeyCore

@testable import WonkeyAdmin

@Suite("Accounts: limits on signing up and in")
struct SignInLimitTests {
    private static func limits(_ change: (inout SignInLimits) -> Void) -> SignInLimits {
        var limits = SignInLimits()
        change(&limits)
        return limits
    }

    /// The codes of attempts in a row, `nil` for good ones.
    private static func codes(_ count: Int, _ attempt: () async throws -> Void) async -> [OperationError.Code?] {
        var codes: [OperationError.Code?] = []
        for _ in 0..<count {
            do {
                try await attempt()
                codes.append(nil)
            } catch {
                codes.append((error as? OperationError)?.code)
            }
        }
        return codes
    }

    @Test(
        "bad sign-ins lock an account out for a while, the same whether it exists or not, and nothing is compared then"
    )
    func account() async throws {
        let limits = Self.limits { $0.loginByAccount = Quota(limit: 3, window: .seconds(900)) }
        try await AccountBench.run(limits: limits) { bench in
            _ = try await bench.register()
            for email in ["alice@example.com", "nobody@example.com"] {
                let comparisons = bench.hasher.calls.comparisons
                let codes = await Self.codes(4) { _ = try await bench.logIn(email, "wrong horse") }
                #expect(codes == [.unauthenticated, .unauthenticated, .unauthenticated, .rateLimited])
                #expect(bench.hasher.calls.comparisons == comparisons + 3)
                let error = try await refusal { _ = try await bench.logIn(email.uppercased(), from: "192.0.2.9") }
                #expect(error.code == .rateLimited)
                #expect((error.retryAfter ?? .zero) > .zero)
                #expect((error.retryAfter ?? .zero) <= .seconds(1_800))
            }
            bench.counterClock.advance(by: .seconds(1_800))
            #expect(await Self.codes(1) { _ = try await bench.logIn() } == [nil])
        }
    }

    @Test("good sign-ins take nothing of the account's limit")
    func goodOnes() async throws {
        let limits = Self.limits { $0.loginByAccount = Quota(limit: 2, window: .seconds(900)) }
        try await AccountBench.run(limits: limits) { bench in
            _ = try await bench.register()
            #expect(await Self.codes(5) { _ = try await bench.logIn() } == Array(repeating: nil, count: 5))
        }
    }

    @Test("a client address has its own limit over all accounts, an IPv6 network as one")
    func address() async throws {
        let limits = Self.limits { $0.loginByAddress = Quota(limit: 2, window: .seconds(60)) }
        try await AccountBench.run(limits: limits) { bench in
            _ = try await bench.register()
            for (first, second, other) in [
                ("192.0.2.1", "192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1"),
            ] {
                let codes = await Self.codes(2) { _ = try await bench.logIn(from: first) }
                #expect(codes == [nil, nil])
                #expect(await Self.codes(1) { _ = try await bench.logIn(from: second) } == [.rateLimited])
                #expect(await Self.codes(1) { _ = try await bench.logIn(from: other) } == [nil])
            }
        }
    }

    @Test("registrations and refreshes are limited as well")
    func others() async throws {
        let limits = Self.limits {
            $0.registerByAddress = Quota(limit: 3, window: .seconds(60))
            $0.registerByAccount = Quota(limit: 2, window: .seconds(60))
            $0.refreshByAddress = Quota(limit: 1, window: .seconds(60))
        }
        try await AccountBench.run(limits: limits) { bench in
            #expect(await Self.codes(3) { _ = try await bench.register() } == [nil, .conflict, .rateLimited])
            #expect(await Self.codes(2) { _ = try await bench.register("bob") } == [nil, .rateLimited])
            #expect(await Self.codes(2) { _ = try await bench.refresh("x") } == [.unauthenticated, .rateLimited])
        }
    }

    @Test("while the counters are away this process counts for itself")
    func outage() async throws {
        struct Away: CounterService {
            func take(_ checks: [CounterCheck]) async throws(CounterStoreError) -> CounterDecision {
                throw CounterStoreError(code: .unavailable, message: "away")
            }
            func giveBack(_ checks: [CounterCheck]) async {}
        }
        let limits = Self.limits { $0.refreshByAddress = Quota(limit: 2, window: .seconds(60)) }
        let gate = SignInGate(counters: Away(), local: LocalCounters(clock: HeldMonotonicClock()), limits: limits)
        let codes = await Self.codes(3) { try await gate.admit(.refresh, from: "192.0.2.1") }
        #expect(codes == [nil, nil, .rateLimited])
    }
}
