import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Readiness")
struct ReadinessTests {
    @Test(
        "ready is who listens, has usable keys and can decide limits",
        arguments: [
            (.serving, true, .shared, true), (.serving, true, .local, true), (.serving, true, .open, true),
            (.serving, true, .closed, false), (.serving, false, .shared, false), (.starting, true, .shared, false),
            (.draining, true, .shared, false),
        ] as [(Readiness.Phase, Bool, CounterMode, Bool)]
    )
    func table(phase: Readiness.Phase, isKeyCacheUsable: Bool, counters: CounterMode, isReady: Bool) {
        let report = Readiness.Report(
            phase: phase,
            generation: 1,
            isStoreConnected: true,
            isKeyCacheUsable: isKeyCacheUsable,
            counters: counters
        )
        #expect(report.isReady == isReady)
        #expect(report.json.contains(#""status":"ready""#) == isReady)
    }

    @Test("a process is ready from listening to draining")
    func phases() {
        let readiness = Readiness(
            generation: 3,
            isStoreConnected: { true },
            isKeyCacheUsable: { true },
            counters: { .shared }
        )
        #expect(!readiness.report.isReady)
        readiness.beginServing()
        #expect(
            readiness.report.json
                == #"{"status":"ready","configuration":{"generation":3},"store":"connected","keys":"usable","#
                + #""counters":"shared"}"# + "\n"
        )
        readiness.beginDraining()
        #expect(readiness.report.json.hasPrefix(#"{"status":"draining","#))
    }

    @Test("watched targets are listed, whatever their names hold, and do not decide on readiness")
    func targets() {
        var report = Readiness.Report(
            phase: .serving,
            generation: 1,
            isStoreConnected: true,
            isKeyCacheUsable: true,
            counters: .local
        )
        #expect(!report.json.contains("upstreams"))
        report.upstreams = ["api": ["10.0.0.1:80": .unhealthy, "unix:/a\"b": .ejected], "other": ["b:81": .healthy]]
        let expected =
            #""upstreams":{"api":{"10.0.0.1:80":"unhealthy","unix:/a\"b":"ejected"},"other":{"b:81":"healthy"}}}"#
        #expect(report.json.hasSuffix(expected + "\n"))
        #expect(report.isReady)
    }
}
