/// Tells a time that never goes back; injected wherever spans are measured, so that tests hold the clock.
package protocol MonotonicClock: Sendable {
    /// Milliseconds since an arbitrary moment, the same for the whole process.
    var nowMs: Int { get }
}

/// The clock of the machine, counted from its start.
package struct SystemMonotonicClock: MonotonicClock {
    private let origin: ContinuousClock.Instant

    /// Starts counting at a day, so that no span measured in windows reaches below zero.
    package init() {
        self.origin = ContinuousClock.now.advanced(by: .seconds(-86_400))
    }

    package var nowMs: Int {
        Int(self.origin.duration(to: ContinuousClock.now).milliseconds)
    }
}
