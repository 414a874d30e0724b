/// Counters of this process as a counter store, for `counters: {url: "memory:"}`.
package final class LocalCounterStore: CounterStore {
    private let counters: LocalCounters

    /// One per event loop, all on the same counters.
    package init(_ counters: LocalCounters) {
        self.counters = counters
    }

    package func take(
        _ checks: [CounterCheck],
        _ completion: @escaping (Result<CounterDecision, CounterStoreError>) -> Void
    ) {
        completion(.success(self.counters.take(checks)))
    }

    package func giveBack(_ checks: [CounterCheck]) {
        self.counters.giveBack(checks)
    }

    package func settle(_ change: LeaseChange, _ completion: @escaping (Bool) -> Void) {
        self.counters.settle(change)
        completion(true)
    }
}
