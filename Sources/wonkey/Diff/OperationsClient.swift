import Logging
import NIOCore
import NIOPosix
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP

/// Asks the private listener of a running process.
struct OperationsClient {
    /// Why there is no answer, for the operator.
    struct Failure: Error {
        var message: String
    }

    /// Longer answers are not read.
    fileprivate static let bytesMax = 64 << 20

    let address: Endpoint

    /// Sends a body and waits for the answer.
    func post(_ path: String, _ body: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        var settings = UpstreamSettings(target: self.address.upstreamTarget)
        settings.responseTimeout = .seconds(30)
        settings.keepsIdleConnections = false
        let head = """
            POST \(path) HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/json\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let outgoing = OutgoingHead(
            bytes: ByteBuffer(string: head),
            method: .post,
            framing: .length(Int64(body.count))
        )
        return try await loop.flatSubmit { [settings] in
            let promise = loop.makePromise(of: (status: Int, body: [UInt8]).self)
            let pool = UpstreamPool(
                eventLoop: loop,
                settings: settings,
                logger: Logger(label: "wonkey.diff", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let receiver = AnswerCollector(pool, body, promise)
            receiver.send(outgoing)
            return promise.futureResult
        }.get()
    }
}

/// Collects an answer whole.
private final class AnswerCollector: UpstreamReceiver {
    private let pool: UpstreamPool
    private let request: [UInt8]
    private let promise: EventLoopPromise<(status: Int, body: [UInt8])>
    private var exchange: UpstreamExchange?
    private var status = 0
    private var body: [UInt8] = []

    init(_ pool: UpstreamPool, _ request: [UInt8], _ promise: EventLoopPromise<(status: Int, body: [UInt8])>) {
        self.pool = pool
        self.request = request
        self.promise = promise
    }

    func send(_ head: OutgoingHead) {
        self.exchange = self.pool.send(head, receiver: self)
    }

    func connectionReady() {
        self.exchange?.write(ByteBuffer(bytes: self.request))
        self.exchange?.end()
    }

    func headReceived(_ head: ResponseHead, framing: BodyFraming) {
        self.status = head.status
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        guard self.body.count + chunk.readableBytes <= OperationsClient.bytesMax else {
            self.exchange?.cancel()
            self.exchange = nil
            return self.promise.fail(OperationsClient.Failure(message: "its answer is too long"))
        }
        self.body += chunk.readableBytesView
    }

    func ended(trailers: FieldSection?) {
        self.exchange = nil
        self.promise.succeed((self.status, self.body))
    }

    func failed(_ fault: UpstreamFault) {
        self.exchange = nil
        self.promise.fail(OperationsClient.Failure(message: "no answer: \(fault)"))
    }

    func informationalReceived(_ head: ResponseHead) {}
    func writabilityChanged(isWritable: Bool) {}
    func requestBodyUnwanted() {}
}
