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
        if let head = self.head, GRPCAnswer.isCall(head) {
            var head = GRPCAnswer.head(problem, to: head)
            self.addFields(of: answer, to: &head.fields)
            self.exchange.respond(head, body: .none)
            self.exchange.end()
        } else {
            self.exchange.respond(problem: problem) { self.addFields(of: answer, to: &$0) }
        }
    }

    private func addFields(of answer: ProblemAnswer, to fields: inout FieldSection) {
        for (name, value) in answer.fields { fields.append(name, value) }
        // Nothing about limits on 401 and 403: it would disclose another key's traffic (L10).
        if self.status != 401, self.status != 403 { self.addRateLimitFields(to: &fields) }
        self.addCrossOriginFields(to: &fields)
        fields.append(.xRequestID, self.requestID)
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
