/// Calls that wait for a transfer slot, first come first served, with their deadlines running.
struct WaitingCalls {
    private var calls: [Call] = []

    var isEmpty: Bool { self.calls.isEmpty }

    var earliestDeadline: ContinuousClock.Instant? { self.calls.lazy.map(\.deadline).min() }

    mutating func append(_ call: Call) {
        self.calls.append(call)
    }

    mutating func popFirst() -> Call? {
        self.calls.isEmpty ? nil : self.calls.removeFirst()
    }

    mutating func remove(_ id: UInt64) -> Call? {
        self.calls.firstIndex { $0.id == id }.map { self.calls.remove(at: $0) }
    }

    /// Takes out the calls whose deadline has come.
    mutating func removeExpired(now: ContinuousClock.Instant) -> [Call] {
        let expired = self.calls.filter { $0.deadline <= now }
        if !expired.isEmpty { self.calls.removeAll { $0.deadline <= now } }
        return expired
    }
}
