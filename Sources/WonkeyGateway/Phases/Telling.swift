import WonkeyCore
import WonkeyHTTP

/// What the access log and the collector of traces learn of a finished request.
extension GatewayExchange {
    func tell(_ record: RequestRecord, _ telemetry: LoopTelemetry) {
        if telemetry.logsAccess { telemetry.log(self.accessEntry(record)) }
        if let trace = self.trace, let tracer = telemetry.tracer { self.recordSpans(trace, record, tracer) }
    }

    /// Notes which target answers, while that can be asked.
    func noteTarget() {
        guard self.loop.telemetry != nil, case .proxy(let upstream) = self.answering else { return }
        self.target = upstream.target
    }

    /// The version of HTTP as it is logged.
    var protocolVersion: String {
        switch self.head?.version {
        case .http10: "1.0"
        case .http11, nil: "1.1"
        case .http2: "2"
        }
    }

    private func accessEntry(_ record: RequestRecord) -> AccessEntry {
        var entry = AccessEntry(record: record)
        entry.scheme = self.client?.scheme ?? self.exchange.scheme
        entry.version = self.protocolVersion
        entry.target = self.target
        if let head = self.head {
            entry.query = head.target.query
            entry.referer = head.fields.first(.referer)
            entry.host = head.host
        }
        entry.certificate = self.exchange.clientCertificate
        if case .proxy(let destination) = self.route?.action { entry.upstream = destination.metrics.name }
        if let trace = self.trace { entry.trace = trace.traceID }
        return entry
    }
}
