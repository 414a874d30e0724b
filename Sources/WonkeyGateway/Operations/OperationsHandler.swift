import NIOCore
package import WonkeyCore
package import WonkeyHTTP

/// Answers one path of the private listener that takes a body.
package protocol OperationsEndpoint: Sendable {
    /// Makes a JSON answer; off the event loop.
    func answer(_ body: [UInt8]) async -> (status: Int, json: [UInt8])
}

/// Answers the private listener: `/health`, `/ready` and `/metrics`, and `/config/diff` if there is somebody to ask.
package final class OperationsHandlerFactory: RequestHandlerFactory {
    private let readiness: Readiness
    private let metrics: MetricsRegistry
    private let comparison: (any OperationsEndpoint)?

    package init(readiness: Readiness, metrics: MetricsRegistry, comparison: (any OperationsEndpoint)? = nil) {
        self.readiness = readiness
        self.metrics = metrics
        self.comparison = comparison
    }

    package func makeHandler(for exchange: ServerExchange) -> any RequestHandler {
        OperationsHandler(exchange, readiness: self.readiness, metrics: self.metrics, comparison: self.comparison)
    }
}

private final class OperationsHandler: RequestHandler {
    private let exchange: ServerExchange
    private let readiness: Readiness
    private let metrics: MetricsRegistry
    private let comparison: (any OperationsEndpoint)?
    private var body: [UInt8] = []
    private var isOver = false

    /// A configuration file has at most a mebibyte; its settings by path take more.
    private static let bodyBytesMax: Int64 = 32 << 20

    init(
        _ exchange: ServerExchange,
        readiness: Readiness,
        metrics: MetricsRegistry,
        comparison: (any OperationsEndpoint)?
    ) {
        self.exchange = exchange
        self.readiness = readiness
        self.metrics = metrics
        self.comparison = comparison
    }

    func headReceived(_ head: RequestHead) {
        switch (head.method, head.routingPath) {
        case (.get, "/health"), (.head, "/health"):
            self.answer(200, "application/json", "{\"status\":\"ok\"}\n")
        case (.get, "/ready"), (.head, "/ready"):
            let report = self.readiness.report
            self.answer(report.isReady ? 200 : 503, "application/json", report.json)
        case (.get, "/metrics"), (.head, "/metrics"):
            let format = MetricsFormat(accept: head.fields.first(FieldName("Accept")))
            self.answer(200, format.contentType, self.metrics.render(format))
        case (.post, "/config/diff") where self.comparison != nil:
            self.exchange.bodyBytesMax = Self.bodyBytesMax
            self.exchange.readBody()
        case (_, "/health"), (_, "/ready"), (_, "/metrics"):
            let answer = Refusal.methodNotAllowed(allowed: ["GET", "HEAD"]).answer
            self.exchange.respond(problem: answer.problem) { $0.append(.allow, "GET, HEAD") }
        default: self.exchange.respond(problem: Refusal.noRoute.answer.problem)
        }
    }

    private func answer(_ status: Int, _ contentType: String, _ body: String) {
        self.answer(status, contentType, Array(body.utf8))
    }

    private func answer(_ status: Int, _ contentType: String, _ body: [UInt8]) {
        var fields = FieldSection()
        fields.append(.contentType, contentType)
        fields.append(.cacheControl, "no-store")
        self.exchange.respond(ResponseHead(status: status, fields: fields), bytes: body)
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        self.body += chunk.readableBytesView
    }

    func bodyEnded() {
        guard let comparison = self.comparison else { return }
        let body = self.body
        let answered = LoopBoundCallback(self.exchange.eventLoop) { (answer: (status: Int, json: [UInt8])) in
            guard !self.isOver else { return }
            self.answer(answer.status, "application/json", answer.json)
        }
        Task { answered.call(await comparison.answer(body)) }
    }

    func bodyFailed(_ fault: BodyFault) {
        self.exchange.respond(problem: fault.problem)
    }

    func writabilityChanged(isWritable: Bool) {}

    func failed(_ fault: DownstreamFault) {
        self.isOver = true
    }

    func finished(bytesSent: Int64) {
        self.isOver = true
    }
}
