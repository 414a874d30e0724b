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
            self.forgetWindows(of: checks, nowMs: nowMs)
            let limits = checks.map { LimitArithmetic($0) }
            let contents = zip(checks, limits).map { $1.content(self.contents[$0.counter], nowMs: nowMs) }
            let fits = zip(limits, contents).map { $0.fits($1, nowMs: nowMs) }
            guard zip(checks, fits).allSatisfy({ $0.isShadow || $1 }) else {
                return .refused(
                    checks.indices.map { limits[$0].state(contents[$0], nowMs: nowMs, isRefused: !fits[$0]) }
                )
            }
            return .admitted(
                checks.indices.map { index in
                    guard fits[index] else {
                        return limits[index].state(contents[index], nowMs: nowMs, isRefused: true)
                    }
                    let taken = limits[index].taking(contents[index])
                    if limits[index].cost > 0 { self.contents[checks[index].counter] = taken }
                    return limits[index].state(taken, nowMs: nowMs, isRefused: false)
                }
            )
        }

        mutating func giveBack(_ checks: [CounterCheck], nowMs: Int) {
            self.forgetWindows(of: checks, nowMs: nowMs)
            for check in checks where check.cost > 0 {
                let stored = self.contents[check.counter]
                guard let content = LimitArithmetic(check).givingBack(stored, nowMs: nowMs) else { continue }
                self.contents[check.counter] = content
            }
        }

        /// Redis forgets a fixed window at its end, even if the clock goes back afterwards.
        private mutating func forgetWindows(of checks: [CounterCheck], nowMs: Int) {
            for check in checks {
                guard case .fixedWindow(let window)? = self.contents[check.counter],
                    nowMs - window.startMs >= LimitArithmetic(check).windowMs
                else { continue }
                self.contents[check.counter] = nil
            }
        }
    }

    /// The last argument is the time; the end of a fixed window is kept beside it.
    private static let clock = LimitScript.Clock(
        now: "local now = tonumber(ARGV[#ARGV])",
        keepMs: "100000000",
        begin: """
            local now = tonumber(ARGV[#ARGV])
            for i = 1, #KEYS do
              local stop = redis.call('GET', KEYS[i] .. ':end')
              if stop and now >= tonumber(stop) then redis.call('DEL', KEYS[i], KEYS[i] .. ':end') end
            end
            """,
        windowLeft: "(redis.call('GET', key .. ':end') or now - 1) - now",
        endWindow: "redis.call('SET', key .. ':end', string.format('%.0f', now + window))"
    )

    private func request(_ script: LimitScript, _ checks: [CounterCheck], nowMs: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        RedisCommand.begin(3 + LimitScript.argumentCount(checks), in: &buffer)
        RedisCommand.append("EVAL", to: &buffer)
        RedisCommand.append(script.source(Self.clock), to: &buffer)
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
                let names = ["a", "a2", "b", "c", "d"].shuffled(using: &random).prefix(
                    .random(in: 1...3, using: &random)
                )
                let checks = names.map { Self.check($0, isLarge: seed > 3, using: &random) }
                if Int.random(in: 0..<5, using: &random) == 0 {
                    model.giveBack(checks, nowMs: nowMs)
                    _ = try await redis.send(self.request(.giveBack, checks, nowMs: nowMs))
                } else {
                    // What the proxy sends for fixed windows alone; the other script decides the same.
                    let isFixed = LimitScript.taking(checks) == .takeFixed && step % 4 > 0
                    let expected = model.take(checks, nowMs: nowMs)
                    let reply = try await redis.send(self.request(isFixed ? .takeFixed : .take, checks, nowMs: nowMs))
                    let decision = LimitScript.decision(reply, counters: checks.count)
                    try #require(decision == expected, "seed \(seed) step \(step): \(checks) \(reply)")
                }
            }
        }
    }

    /// Algorithm, limit and window of a counter change now and then, as overrides and reloads do it; a fixed window of another
    /// length is another counter.
    private static func check(_ name: String, isLarge: Bool, using random: inout SplitMix) -> CounterCheck {
        let limits = isLarge ? [1 << 40, (1 << 40) - 7, 999_999_999_989] : [3, 10, 17, 0]
        let windows = isLarge ? [1 << 36, (1 << 36) - 13, 86_400_000] : [100, 333, 1_000]
        let limit = limits.randomElement(using: &random) ?? 1
        let isChanged = Int.random(in: 0..<10, using: &random) == 0
        let window = windows.randomElement(using: &random) ?? 1
        let isFixed = name.hasPrefix("a")
        return CounterCheck(
            counter: isFixed ? "wk:{p}:\(name)-\(window)" : "wk:{p}:\(name)",
            algorithm: isFixed ? .fixedWindow : (name == "b") == isChanged ? .tokenBucket : .slidingWindow,
            quota: Quota(limit: limit, window: .milliseconds(window)),
            cost: isLarge
                ? .random(in: 0...(limit / 3), using: &random)
                : [0, 1, 1, 1, 2, 5, 20].randomElement(using: &random) ?? 1,
            isShadow: Int.random(in: 0..<4, using: &random) == 0
        )
    }

    @Test("every key that the script writes expires with its content", arguments: LimitAlgorithm.perWindow)
    func expiry(_ algorithm: LimitAlgorithm) async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        let check = CounterCheck.test("c", algorithm, limit: 5)
        _ = try await harness.take([check])
        try await harness.giveBack([check])
        _ = try await harness.take([check])
        let key = algorithm == .fixedWindow ? "\(check.counter):f604800000" : check.counter
        let left = try #require(Int(try await server.command("PTTL", key)))
        // At most two windows, and not nearly none.
        let window = Int(check.quota.window.components.seconds) * 1_000
        #expect(left > window * 5 / 6 && left <= 2 * window)
        #expect(try await server.command("DBSIZE") == "1")
        try await harness.stop()
    }
}
