import NIOCore
import WonkeyCore
import WonkeyHTTP

/// The answers made here.
extension GatewayExchange {
    func refuse(_ refusal: Refusal) {
        self.loop.resources.metrics.count(refusal.decision)
        self.respond(problem: refusal.answer)
    }

    /// Sends a problem document with the request's id in it.
    func respond(problem answer: ProblemAnswer) {
        guard self.answerState == .none, !self.isOver else { return }
        self.answerState = .complete
        self.status = answer.problem.status
        var problem = answer.problem
        problem.instance = "urn:wonkey:request:\(self.requestID)"
        var limits = FieldSection()
        // Nothing about limits on 401 and 403: it would disclose another key's traffic (L10).
        if problem.status != 401, problem.status != 403 { self.addRateLimitFields(to: &limits) }
        self.addCrossOriginFields(to: &limits)
        let limitFields = limits.lines.map { (FieldName($0.name), $0.value) }
        let fields = answer.fields + limitFields + [(.xRequestID, self.requestID)]
        if let head = self.head, GRPCAnswer.isCall(head) {
            self.exchange.respond(GRPCAnswer.head(problem, to: head, fields: fields), body: .none)
            self.exchange.end()
        } else {
            self.exchange.respond(problem: problem, fields: fields)
        }
    }

    func respond(fixed response: FixedResponse) {
        var fields = FieldSection()
        fields.append(.contentType, response.contentType)
        for (name, value) in self.fields(response.fields) { fields.append(name, value) }
        self.rewrite(&fields)
        self.respond(ResponseHead(status: response.status, fields: fields), bytes: Array(response.body.utf8))
    }

    func redirect(_ status: Int, to target: RedirectTarget) {
        var fields = FieldSection()
        fields.append(.location, target.location { self.value(of: $0) })
        self.rewrite(&fields)
        self.respond(ResponseHead(status: status, fields: fields), bytes: [])
    }

    /// Sends a complete answer that is no problem document.
    func respond(_ head: ResponseHead, bytes: [UInt8]) {
        guard self.answerState == .none, !self.isOver else { return }
        self.answerState = .complete
        self.status = head.status
        var head = head
        self.addRateLimitFields(to: &head.fields)
        self.addCrossOriginFields(to: &head.fields)
        head.fields.replace(.xRequestID, with: self.requestID)
        self.exchange.respond(head, bytes: bytes)
    }
}
