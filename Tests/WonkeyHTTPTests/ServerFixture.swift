import Logging
import NIOCore
import NIOPosix
import Support

@testable import WonkeyHTTP

/// A running server whose requests are answered by a closure per event.
enum ServerFixture {
    /// Runs `body` against a server and stops it.
    static func run<Result>(
        limits: ServerLimits = ServerLimits(),
        tls: ServerTLS? = nil,
        takesHTTP2: Bool = false,
        onMalformed: @escaping @Sendable (MalformedRequest) -> Void = { _ in },
        onHandshake: @escaping @Sendable (HandshakeOutcome) -> Void = { _ in },
        onRefused: @escaping @Sendable (ConnectionRefusal) -> Void = { _ in },
        handler: @escaping @Sendable (ServerExchange) -> any RequestHandler,
        _ body: (_ port: Int, _ server: HTTPServer) async throws -> Result
    ) async throws -> Result {
        let server = HTTPServer(
            group: .singletonMultiThreadedEventLoopGroup,
            limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onMalformedRequest: onMalformed,
            onHandshake: onHandshake,
            onRefusedConnection: onRefused
        ) { _ in Factory(make: handler) }
        let address = try await server.bind(host: "127.0.0.1", port: 0, tls: tls, takesHTTP2: takesHTTP2)
        let result: Result
        do { result = try await body(address.port, server) } catch {
            await server.shutdown(deadline: .zero)
            throw error
        }
        await server.shutdown(deadline: .zero)
        return result
    }
}

private final class Factory: RequestHandlerFactory {
    private let make: @Sendable (ServerExchange) -> any RequestHandler

    init(make: @escaping @Sendable (ServerExchange) -> any RequestHandler) {
        self.make = make
    }

    func makeHandler(for exchange: ServerExchange) -> any RequestHandler { self.make(exchange) }
}

/// Answers `METHOD path:body` once the body is complete, or at once for paths under `/early`.
final class EchoHandler: RequestHandler {
    private let exchange: ServerExchange
    private var text = ""
    private var body = ByteBuffer()

    init(_ exchange: ServerExchange) {
        self.exchange = exchange
    }

    func headReceived(_ head: RequestHead) {
        self.text = "\(head.method.text) \(head.target.path)"
        switch head.target.path {
        case "/early": self.answer()
        case "/chunked":
            self.exchange.respond(ResponseHead(status: 200), body: .chunked)
            self.exchange.write(ByteBuffer(string: "part"))
            self.exchange.end()
        case "/abort":
            self.exchange.respond(ResponseHead(status: 200), body: .chunked)
            self.exchange.write(ByteBuffer(string: "part"))
            self.exchange.flush()
            self.exchange.abort()
        case "/204": self.exchange.respond(ResponseHead(status: 204), bytes: [])
        default: self.exchange.readBody()
        }
    }

    private func answer() {
        self.exchange.respond(
            ResponseHead(status: 200),
            bytes: ByteBuffer(string: "\(self.text):\(String(buffer: self.body))")
        )
    }

    func bodyReceived(_ chunk: ByteBuffer) { self.body.writeImmutableBuffer(chunk) }
    func bodyEnded() { self.answer() }
    func bodyFailed(_ fault: BodyFault) { self.exchange.respond(problem: fault.problem) }
    func writabilityChanged(isWritable: Bool) {}
    func failed(_ fault: DownstreamFault) {}
    func finished(bytesSent: Int64) {}
}
