import NIOCore
package import WonkeyCore
package import WonkeyHTTP

/// Answers the private listener: `/health`, `/ready` and `/metrics`, nothing else.
package final class OperationsHandlerFactory: RequestHandlerFactory {
    private let readiness: Readiness
    private let metrics: MetricsRegistry

    package init(readiness: Readiness, metrics: MetricsRegistry) {
        self.readiness = readiness
        self.metrics = metrics
    }

    package func makeHandler(for exchange: ServerExchange) -> any RequestHandler {
        OperationsHandler(exchange, readiness: self.readiness, metrics: self.metrics)
    }
}

private final class OperationsHandler: RequestHandler {
    private let exchange: ServerExchange
    private let readiness: Readiness
    private let metrics: MetricsRegistry

    init(_ exchange: ServerExchange, readiness: Readiness, metrics: MetricsRegistry) {
        self.exchange = exchange
        self.readiness = readiness
        self.metrics = metrics
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
        case (_, "/health"), (_, "/ready"), (_, "/metrics"):
            self.exchange.respond(
                problem: Refusal.methodNotAllowed(allowed: ["GET", "HEAD"]).answer.problem,
                fields: [(.allow, "GET, HEAD")]
            )
        default: self.exchange.respond(problem: Refusal.noRoute.answer.problem)
        }
    }

    private func answer(_ status: Int, _ contentType: String, _ body: String) {
        var fields = FieldSection()
        fields.append(.contentType, contentType)
        fields.append(.cacheControl, "no-store")
        self.exchange.respond(ResponseHead(status: status, fields: fields), bytes: Array(body.utf8))
    }

    func bodyReceived(_ chunk: ByteBuffer) {}
    func bodyEnded() {}
    func bodyFailed(_ fault: BodyFault) {}
    func writabilityChanged(isWritable: Bool) {}
    func failed(_ fault: DownstreamFault) {}
    func finished(bytesSent: Int64) {}
}
