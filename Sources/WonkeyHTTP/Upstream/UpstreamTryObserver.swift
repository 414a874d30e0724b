/// Told of each try of a request that may be sent to several targets; all calls arrive on the event loop.
///
/// How the last try ended, the ``UpstreamReceiver`` is told.
package protocol UpstreamTryObserver: AnyObject {
    /// A try begins.
    ///
    /// - Parameters:
    ///   - head: What is to be sent.
    ///   - target: Where to, as `host:port` or `unix:/path`.
    /// - Returns: What is sent, such as the same head with a span of its own.
    func tryBegins(_ head: OutgoingHead, at target: String) -> OutgoingHead
    /// A try ended, and another one follows.
    func tryFailed(status: Int)
    /// A try ended, and another one follows or is at least looked for.
    func tryFailed(_ fault: UpstreamFault)
}
