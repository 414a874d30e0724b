internal import NIOCore
internal import WonkeyCore

/// Who is at the other end of a connection, and how they got there.
struct ConnectionOrigin {
    var remoteAddress: PeerAddress
    var localAddress: PeerAddress
    /// `http` or `https`.
    var scheme: String
    /// Of a client that proved who it is.
    var clientCertificate: ClientCertificate?
}

/// What an exchange came on, and its answer goes out on: an HTTP/1.1 connection, or a stream of an HTTP/2 one.
///
/// ``ServerExchange`` decides, a wire moves bytes. What it writes is flushed once per turn of the event loop.
protocol ServerWire: AnyObject {
    var loop: ServerLoop { get }
    var remoteAddress: PeerAddress { get }
    var localAddress: PeerAddress { get }
    /// `http` or `https`.
    var scheme: String { get }
    /// Of a client that proved who it is.
    var clientCertificate: ClientCertificate? { get }
    /// Whether the client takes more bytes now.
    var isWritable: Bool { get }
    /// Whether the answer being made must be the connection's last.
    var isLastRequest: Bool { get }
    /// Whether bytes arrived that nobody took yet.
    var hasInput: Bool { get }

    /// Takes the next part of the body off what arrived.
    func nextPart(_ decoder: inout BodyDecoder) -> ChunkedDecoder.Part
    /// Drops what arrived of the body.
    func discard(_ decoder: inout BodyDecoder) -> BodyDecoder.Discarded
    /// More of the body must arrive in time.
    func expectBody()
    func expectNoBody()
    /// Reads on, if what is to be read has somewhere to go.
    func armRead()
    /// Does all that can be done without reading more.
    func process()

    // Each write returns how many bytes that takes.
    func writeInformational(_ head: ResponseHead) -> Int
    func writeHead(_ head: ResponseHead, _ plan: ResponseWriter.Plan) -> Int
    func writeBody(_ chunk: ByteBuffer, asChunk: Bool) -> Int
    /// Ends a body whose length was not said before.
    func writeEnd(trailers: FieldSection?) -> Int
    /// Hands all written bytes to the socket, the answer's last among them, and calls `done` when it has taken them.
    func finishWrites(_ done: @escaping (_ succeeded: Bool) -> Void)
    func flush()

    /// The socket took the whole answer of `exchange`.
    func exchangeFinished(_ exchange: ServerExchange, closes: Bool)
    /// Ends the exchange under way without a complete answer.
    func fail(_ fault: DownstreamFault)
}
