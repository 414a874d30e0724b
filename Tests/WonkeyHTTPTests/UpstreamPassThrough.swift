import Logging
import NIOCore
import Synchronization

@testable import WonkeyHTTP

/// Counts what passes a ``PassThrough``.
final class Meter: Sendable {
    private struct Counts {
        var uploaded = 0
        var downloaded = 0
        var heldMax = 0
        /// Since the other side last said that it takes no more.
        var blockedUpload = 0
        var blockedDownload = 0
        var blockedUploadMax = 0
        var blockedDownloadMax = 0
    }

    private let counts = Mutex(Counts())

    var uploaded: Int { self.counts.withLock(\.uploaded) }
    var downloaded: Int { self.counts.withLock(\.downloaded) }
    /// Most bytes the pool's connections held at once.
    var heldMax: Int { self.counts.withLock(\.heldMax) }
    /// Most bytes delivered in one go while the other side did not take any.
    var blockedUploadMax: Int { self.counts.withLock(\.blockedUploadMax) }
    var blockedDownloadMax: Int { self.counts.withLock(\.blockedDownloadMax) }

    func upload(_ count: Int, isBlocked: Bool, held: Int) {
        self.counts.withLock { counts in
            counts.uploaded += count
            counts.heldMax = max(counts.heldMax, held)
            counts.blockedUpload = isBlocked ? counts.blockedUpload + count : 0
            counts.blockedUploadMax = max(counts.blockedUploadMax, counts.blockedUpload)
        }
    }

    func download(_ count: Int, isBlocked: Bool, held: Int) {
        self.counts.withLock { counts in
            counts.downloaded += count
            counts.heldMax = max(counts.heldMax, held)
            counts.blockedDownload = isBlocked ? counts.blockedDownload + count : 0
            counts.blockedDownloadMax = max(counts.blockedDownloadMax, counts.blockedDownload)
        }
    }
}

/// Forwards a request as it is, bodies both ways included.
final class PassThrough: RequestHandler {
    private let exchange: ServerExchange
    private let pool: UpstreamPool
    private let meter: Meter
    private var upstream: UpstreamExchange?

    init(
        _ exchange: ServerExchange,
        to port: Int,
        _ meter: Meter,
        _ change: (inout UpstreamSettings) -> Void = { _ in }
    ) {
        var settings = UpstreamSettings(target: .tcp(host: "127.0.0.1", port: port))
        change(&settings)
        self.exchange = exchange
        self.meter = meter
        self.pool = UpstreamPool(
            eventLoop: exchange.eventLoop,
            settings: settings,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func headReceived(_ head: RequestHead) {
        self.upstream = self.pool.send(.request(head.method, "/", head.framing), receiver: Answer(to: self))
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        guard let upstream = self.upstream else { return }
        let isBlocked = !upstream.isWritable
        upstream.write(chunk)
        self.meter.upload(chunk.readableBytes, isBlocked: isBlocked, held: self.pool.bufferedBytes)
        if !upstream.isWritable { self.exchange.pauseBody() }
    }

    func bodyEnded() { self.upstream?.end() }

    func bodyFailed(_ fault: BodyFault) {
        self.upstream?.cancel()
        self.exchange.abort()
    }

    func writabilityChanged(isWritable: Bool) {
        if isWritable { self.upstream?.resumeReading() } else { self.upstream?.pauseReading() }
    }

    func failed(_ fault: DownstreamFault) {
        self.upstream?.cancel()
        self.pool.shutdown()
    }

    func finished(bytesSent: Int64) { self.pool.shutdown() }

    private final class Answer: UpstreamReceiver {
        private let request: PassThrough

        init(to request: PassThrough) { self.request = request }

        func connectionReady() { self.request.exchange.readBody() }
        func informationalReceived(_ head: ResponseHead) {}

        func headReceived(_ head: ResponseHead, framing: BodyFraming) {
            self.request.exchange.respond(ForwardedResponse.head(from: head), body: framing)
        }

        func bodyReceived(_ chunk: ByteBuffer) {
            let request = self.request
            let isBlocked = !request.exchange.isWritable
            request.exchange.write(chunk)
            request.meter.download(chunk.readableBytes, isBlocked: isBlocked, held: request.pool.bufferedBytes)
            if !request.exchange.isWritable { request.upstream?.pauseReading() }
        }

        func ended(trailers: FieldSection?) { self.request.exchange.end(trailers: trailers) }

        func failed(_ fault: UpstreamFault) {
            self.request.exchange.respond(ResponseHead(status: fault == .idleTimedOut ? 504 : 502), bytes: [])
        }

        func writabilityChanged(isWritable: Bool) {
            if isWritable { self.request.exchange.resumeBody() } else { self.request.exchange.pauseBody() }
        }

        func requestBodyUnwanted() { self.request.exchange.pauseBody() }
    }
}
