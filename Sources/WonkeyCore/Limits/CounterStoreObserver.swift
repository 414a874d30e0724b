/// Hears what happens to a counter store's connection, for metrics and readiness.
///
/// One may serve several event loops; it is called on each of them and must not block.
package protocol CounterStoreObserver: AnyObject, Sendable {
    /// A connection is ready for requests.
    func counterStoreConnected()

    /// A connection that was ready is gone.
    ///
    /// - Parameter reason: For the log; holds no secret.
    func counterStoreDisconnected(reason: String)

    /// One decision took this long, from asking to the answer.
    func counterStoreAnswered(after duration: Duration)

    /// One decision failed.
    func counterStoreFailed(_ code: CounterStoreError.Code)
}
