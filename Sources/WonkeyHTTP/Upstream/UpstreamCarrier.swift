internal import NIOCore

/// What an exchange goes out on: an HTTP/1.1 connection, or a stream of an HTTP/2 one.
protocol UpstreamCarrier: AnyObject {
    var isWritable: Bool { get }
    /// Writes a piece of the request body.
    func write(_ chunk: ByteBuffer, asChunk: Bool)
    /// The request body is complete.
    func endRequest(isChunked: Bool, trailers: FieldSection?)
    func readingPaused()
    func readingResumed()
    /// The exchange is not to be called any more.
    func exchangeCancelled()
}
