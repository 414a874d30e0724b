import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Rate limit fields")
struct RateLimitFieldsTests {
    private let minute = AppliedLimit(
        name: "per-minute",
        quota: Quota(limit: 60, window: .seconds(60)),
        state: CounterState(remaining: 12, resetMs: 36_001, retryAfterMs: 0)
    )
    private let burst = AppliedLimit(
        name: "burst",
        quota: Quota(limit: 10, window: .milliseconds(500)),
        state: CounterState(remaining: 9, resetMs: 0, retryAfterMs: 0)
    )

    @Test("L1-L3: policy and state are lists of strings with integer parameters")
    func standard() {
        let policy = RateLimitFields.policy(
            [self.minute, self.burst].map { limit in
                (LimitPolicy(name: limit.name, algorithm: .fixedWindow, quota: limit.quota), limit.quota)
            }
        )
        #expect(policy == #""per-minute";q=60;w=60, "burst";q=10;w=1"#)
        #expect(RateLimitFields.state([self.minute, self.burst]) == #""per-minute";r=12;t=37, "burst";r=9;t=0"#)
    }

    @Test("the compatible fields describe the limit with the smallest share left")
    func compatible() {
        let fields = RateLimitFields.compatible([self.burst, self.minute]).map { "\($0.name): \($0.value)" }
        #expect(fields == ["X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 12", "X-RateLimit-Reset: 37"])
    }

    @Test(
        "L8: Retry-After is whole seconds, rounded up, at least 1",
        arguments: [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)]
    )
    func retryAfter(milliseconds: Int, seconds: Int64) {
        #expect(RateLimitFields.retryAfter(.milliseconds(milliseconds)) == seconds)
    }
}
