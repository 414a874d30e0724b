import NIOCore
import NIOPosix
import Support
import Testing
import WonkeyCore

@testable import WonkeyRedis

/// The script, with a clock of the test's and keys that stay, against the same arithmetic in Swift.
@Suite(.redis) struct LimitScriptTests {
    private struct Model {
        var contents: [String: CounterContent] = [:]

        mutating func take(_ checks: [CounterCheck], nowMs: Int) -> CounterDecision {
            let limits = checks.map { LimitArithmetic($0) }
            let contents = zip(checks, limits).map { $1.content(self.contents[$0.counter], nowMs: nowMs) }
            let fits = zip(limits, contents).map { $0.fits($1, nowMs: nowMs) }
            guard fits.allSatisfy(\.self) else {
                return .refused(
                    checks.indices.map { limits[$0].state(contents[$0], nowMs: nowMs, isRefused: !fits[$0]) }
                )
            }
            return .admitted(
                zip(checks, zip(limits, contents)).map { check, pair in
                    let taken = pair.0.taking(pair.1)
                    if pair.0.cost > 0 { self.contents[check.counter] = taken }
                    return pair.0.state(taken, nowMs: nowMs, isRefused: false)
                }
            )
        }

        mutating func giveBack(_ checks: [CounterCheck], nowMs: Int) {
            for check in checks where check.cost > 0 {
                let stored = self.contents[check.counter]
                guard let content = LimitArithmetic(check).givingBack(stored, nowMs: nowMs) else { continue }
                self.contents[check.counter] = content
            }
        }
    }

    private static let clock = "local now = tonumber(ARGV[#ARGV])"

    private func request(_ script: LimitScript, _ checks: [CounterCheck], nowMs: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        RedisCommand.begin(3 + LimitScript.argumentCount(checks), in: &buffer)
        RedisCommand.append("EVAL", to: &buffer)
        RedisCommand.append(script.source(now: Self.clock, keepMs: "100000000"), to: &buffer)
        LimitScript.appendArguments(checks, to: &buffer)
        RedisCommand.append(nowMs, to: &buffer)
        return buffer
    }

    @Test("the script answers exactly as the arithmetic, for any sequence of requests", arguments: 1...6)
    func property(_ seed: Int) async throws {
        let server = try #require(RedisServer.current)
        var random = SplitMix(seed: UInt64(seed))
        var model = Model()
        var nowMs = 1_700_000_000_000 + Int.random(in: 0...100_000, using: &random)
        try await RawRedis.withConnection(server.socketPath) { redis in
            for step in 0..<400 {
                nowMs += [0, 0, 1, 7, 40, 300, -3].randomElement(using: &random) ?? 0
                let names = ["a", "b", "c", "d"].shuffled(using: &random).prefix(.random(in: 1...3, using: &random))
                let checks = names.map { Self.check($0, isLarge: seed > 3, using: &random) }
                if Int.random(in: 0..<5, using: &random) == 0 {
                    model.giveBack(checks, nowMs: nowMs)
                    _ = try await redis.send(self.request(.giveBack, checks, nowMs: nowMs))
                } else {
                    let expected = model.take(checks, nowMs: nowMs)
                    let reply = try await redis.send(self.request(.take, checks, nowMs: nowMs))
                    let decision = LimitScript.decision(reply, counters: checks.count)
                    try #require(decision == expected, "seed \(seed) step \(step): \(checks) \(reply)")
                }
            }
        }
    }

    /// Algorithm, limit and window of a counter change now and then, as overrides and reloads do it.
    private static func check(_ name: String, isLarge: Bool, using random: inout SplitMix) -> CounterCheck {
        let limits = isLarge ? [1 << 40, (1 << 40) - 7, 999_999_999_989] : [3, 10, 17, 0]
        let windows = isLarge ? [1 << 36, (1 << 36) - 13, 86_400_000] : [100, 333, 1_000]
        let limit = limits.randomElement(using: &random) ?? 1
        let isChanged = Int.random(in: 0..<10, using: &random) == 0
        return CounterCheck(
            counter: "wk:{p}:\(name)",
            algorithm: isChanged
                ? .fixedWindow : name == "a" ? .fixedWindow : name == "b" ? .slidingWindow : .tokenBucket,
            quota: Quota(limit: limit, window: .milliseconds(windows.randomElement(using: &random) ?? 1)),
            cost: isLarge
                ? .random(in: 0...(limit / 3), using: &random)
                : [0, 1, 1, 1, 2, 5, 20].randomElement(using: &random) ?? 1
        )
    }

    @Test("every key that the script writes expires with its content", arguments: LimitAlgorithm.allCases)
    func expiry(_ algorithm: LimitAlgorithm) async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        let check = CounterCheck.test("c", algorithm, limit: 5)
        _ = try await harness.take([check])
        try await harness.giveBack([check])
        _ = try await harness.take([check])
        let left = try #require(Int(try await server.command("PTTL", check.counter)))
        // At most two windows, and not nearly none.
        let window = Int(check.quota.window.components.seconds) * 1_000
        #expect(left > window * 5 / 6 && left <= 2 * window)
        #expect(try await server.command("DBSIZE") == "1")
        try await harness.stop()
    }
}
