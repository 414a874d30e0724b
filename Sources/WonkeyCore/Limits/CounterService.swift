/// Takes all limits of a request at once, or none, for those who are on no event loop.
///
/// The same counters as ``CounterStore``, which is for the data plane.
package protocol CounterService: Sendable {
    /// Checks every limit and takes all costs, or takes nothing.
    ///
    /// - Parameter checks: At least one; all with the same hash tag, no counter twice.
    /// - Returns: The decision, with states in the order of the checks.
    /// - Throws: ``CounterStoreError``; nothing was taken unless the code is `.timedOut`.
    func take(_ checks: [CounterCheck]) async throws(CounterStoreError) -> CounterDecision

    /// Gives earlier taken costs back, as far as the same window still runs; best effort, never above the limit.
    func giveBack(_ checks: [CounterCheck]) async
}

extension LocalCounters: CounterService {}
