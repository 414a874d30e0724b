import NIOCore
import WonkeyCore
import WonkeyHTTP

/// Which trace a request is part of, what its upstream learns of it, and what is recorded.
extension GatewayExchange {
    /// Begins to record the request if its trace, or chance, says so.
    func beginTrace(_ head: RequestHead, _ tracer: LoopTracer) {
        switch head.fields.receivedTrace {
        case .valid(let parent, let state):
            guard parent.isSampled else { return }
            self.trace = RequestTrace(self.loop, continuing: parent, state: state.text(in: head.fields))
        case .none, .onlyState, .invalid:
            if tracer.beginsTrace() { self.trace = RequestTrace(self.loop) }
        }
    }

    /// What becomes of the client's `traceparent` and `tracestate`.
    func forwardedTrace(_ head: RequestHead) -> ForwardedTrace {
        if let trace = self.trace { return trace.forwarded }
        let isTracing = self.loop.telemetry?.tracer != nil
        switch head.fields.receivedTrace {
        case .valid(_, state: .unchanged): return .asReceived
        case .valid(let parent, state: .changed(let state)): return .replaced(parent, state: state)
        // Those behind are told that the trace is not recorded, so that they decide alike.
        case .none where isTracing, .onlyState where isTracing:
            return .replaced(self.loop.nextTrace(isSampled: false), state: nil)
        case .none: return .asReceived
        case .onlyState: return .none
        case .invalid: return .replaced(self.loop.nextTrace(isSampled: false), state: nil)
        }
    }
}

// MARK: - Spans

extension GatewayExchange {
    /// Hands over the spans of a finished request.
    func recordSpans(_ trace: RequestTrace, _ record: RequestRecord, _ tracer: LoopTracer) {
        // A try that still runs ends with the client, or with us.
        trace.endTry(status: nil, error: "cancelled")
        let query = self.head?.target.query.map { RedactedQuery.text($0, keys: self.generation.snapshot.keyFormat) }
        for (index, attempt) in trace.tries.enumerated() {
            tracer.spans.append(self.span(of: attempt, number: index, trace, record))
        }
        tracer.spans.append(self.serverSpan(trace, record, query))
    }

    /// Nanoseconds since the Unix epoch; differences within a request are those of the monotonic clock.
    private func wallNanoseconds(_ time: NIODeadline) -> Int64 {
        self.time.millisecondsSinceEpoch * 1_000_000 + (time - self.startedAt).nanoseconds
    }

    /// A method's name, of those that are known (the name of a span must be out of a bounded set).
    private var spanMethod: String {
        switch self.head?.method {
        case .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect: self.head?.method.text ?? "HTTP"
        case .other, nil: "HTTP"
        }
    }

    private func methodAttributes(_ record: RequestRecord) -> [SpanRecord.Attribute] {
        guard self.spanMethod == "HTTP" else { return [.init("http.request.method", .text(record.method))] }
        return [
            .init("http.request.method", .text("_OTHER")),
            .init("http.request.method_original", .text(String(record.method.prefix(64)))),
        ]
    }

    private func serverSpan(_ trace: RequestTrace, _ record: RequestRecord, _ query: String?) -> SpanRecord {
        let isError = self.status >= 500
        var attributes = self.methodAttributes(record)
        attributes.append(.init("url.scheme", .text(self.client?.scheme ?? self.exchange.scheme)))
        attributes.append(.init("url.path", .text(record.path)))
        if let query { attributes.append(.init("url.query", .text(query))) }
        if let pattern = self.route?.pattern { attributes.append(.init("http.route", .text(pattern))) }
        if let host = self.head?.host, !host.isEmpty { attributes += Self.address(host, "server") }
        attributes.append(.init("client.address", .text(record.clientAddress)))
        attributes.append(.init("network.protocol.version", .text(self.protocolVersion)))
        if let certificate = self.exchange.clientCertificate {
            attributes.append(.init("tls.client.subject", .text(certificate.subject)))
            attributes.append(.init("tls.client.hash.sha256", .text(certificate.fingerprint)))
        }
        if let agent = record.userAgent { attributes.append(.init("user_agent.original", .text(agent))) }
        attributes.append(.init("http.response.status_code", .integer(self.status)))
        if isError || record.fault != .none {
            let kind = isError ? String(self.status) : record.fault.rawValue
            attributes.append(.init("error.type", .text(kind)))
        }
        attributes.append(.init("wonkey.request_id", .text(record.requestID)))
        if let route = record.route { attributes.append(.init("wonkey.route", .text(route))) }
        if let key = record.keyID { attributes.append(.init("wonkey.key_id", .text(key.rawValue))) }
        if let project = record.projectID { attributes.append(.init("wonkey.project_id", .text(project.rawValue))) }
        attributes.append(.init("wonkey.limit_verdict", .text(record.limitVerdict.rawValue)))
        return SpanRecord(
            traceID: trace.traceID,
            spanID: trace.spanID,
            parentID: trace.parentID,
            traceState: trace.state,
            kind: .server,
            name: self.route.map { "\(self.spanMethod) \($0.pattern)" } ?? self.spanMethod,
            start: self.wallNanoseconds(self.startedAt),
            end: self.wallNanoseconds(self.startedAt) + record.latencyMicroseconds * 1_000,
            attributes: attributes,
            status: isError ? .error : .unset
        )
    }

    private func span(
        of attempt: RequestTrace.Try,
        number: Int,
        _ trace: RequestTrace,
        _ record: RequestRecord
    ) -> SpanRecord {
        var attributes = self.methodAttributes(record)
        let target = self.shown(attempt.requestTarget)
        attributes.append(.init("url.full", .text("\(trace.upstreamScheme)://\(attempt.target)\(target)")))
        attributes += Self.address(attempt.target, "server")
        if let status = attempt.status { attributes.append(.init("http.response.status_code", .integer(status))) }
        if number > 0 { attributes.append(.init("http.request.resend_count", .integer(number))) }
        let isError = attempt.error != nil || attempt.status ?? 0 >= 400
        if isError {
            let kind = attempt.error ?? attempt.status.map(String.init) ?? "none"
            attributes.append(.init("error.type", .text(kind)))
        }
        return SpanRecord(
            traceID: trace.traceID,
            spanID: attempt.spanID,
            parentID: trace.spanID,
            traceState: trace.state,
            kind: .client,
            name: self.spanMethod,
            start: self.wallNanoseconds(attempt.startedAt),
            end: self.wallNanoseconds(attempt.endedAt ?? .now()),
            attributes: attributes,
            // Unlike the server's, a client's span fails with 4xx, too.
            status: isError ? .error : .unset
        )
    }

    /// A request target without what is secret in it.
    private func shown(_ target: String) -> String {
        let keys = self.generation.snapshot.keyFormat
        let path = target.prefix { $0 != "?" }
        let shown = RecordedPath.text(of: String(path), keys: keys)
        guard path.endIndex < target.endIndex else { return shown }
        return shown + "?" + RedactedQuery.text(String(target[target.index(after: path.endIndex)...]), keys: keys)
    }

    /// `host:port` in two attributes.
    private static func address(_ text: String, _ role: String) -> [SpanRecord.Attribute] {
        let host = text.hasPrefix("[") ? text.prefix { $0 != "]" } + "]" : text.prefix { $0 != ":" }
        let port = text[host.endIndex...].dropFirst()
        if text.hasPrefix("unix:") { return [.init("\(role).address", .text(String(text.dropFirst(5))))] }
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
        let address = SpanRecord.Attribute("\(role).address", .text(name))
        return Int(port).map { [address, .init("\(role).port", .integer($0))] } ?? [address]
    }
}
