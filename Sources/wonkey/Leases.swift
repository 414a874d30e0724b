import NIOCore
import WonkeyCore

/// An event loop's timers for the leases of its requests; used on that loop only.
struct EventLoopTimer: LoopTimer {
    let eventLoop: any EventLoop

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        let loop = self.eventLoop.assumeIsolated()
        if delay == .zero {
            loop.execute(body)
        } else {
            _ = loop.scheduleTask(in: .milliseconds(max(1, delay.milliseconds)), body)
        }
    }
}

/// How many requests hold places of concurrency limits.
final class LeaseMetrics: LeaseObserver {
    private let held: Gauge
    private let lost: Counter

    init(_ registry: MetricsRegistry) {
        self.held = registry.gauge("leases_held", help: "Running requests that hold places of concurrency limits.")
        self.lost = registry.counter(
            "lease_releases_lost",
            help: "Releases given up while the counter store was away; the leases end by themselves."
        )
    }

    func leasesHeld(_ change: Int) { self.held.add(change) }

    func releasesLost(_ count: Int) { self.lost.increment(by: count) }
}
