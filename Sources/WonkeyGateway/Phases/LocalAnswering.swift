import NIOCore
import WonkeyCore
import WonkeyHTTP

/// A request that an endpoint of this process answers: its body while it comes in, then its task.
final class LocalAnswer {
    let endpoint: any LocalEndpoint
    private(set) var body = ByteBuffer()
    fileprivate var task: Task<Void, Never>?

    init(endpoint: any LocalEndpoint) {
        self.endpoint = endpoint
    }

    /// Bounded by the exchange's body limit.
    func append(_ chunk: ByteBuffer) {
        self.body.writeImmutableBuffer(chunk)
    }

    /// Cancels the endpoint's task.
    ///
    /// - Returns: Whether there was one to cancel.
    func cancel() -> Bool {
        guard let task = self.task else { return false }
        task.cancel()
        return true
    }
}

/// The way to an endpoint of this process and back.
extension GatewayExchange {
    func answerLocally(by endpoint: any LocalEndpoint) {
        let answer = LocalAnswer(endpoint: endpoint)
        self.answering = .local(answer)
        if let run = self.replay {
            answer.append(run.body)
            self.run(answer)
        } else {
            self.exchange.readBody()
        }
    }

    /// Starts the endpoint once the body is there.
    func run(_ answer: LocalAnswer) {
        guard self.loop.localAnswerBegins() else {
            self.giveBackImages()
            self.abandonReplay()
            self.respond(problem: ProblemAnswer(UpstreamFault.overloaded.answer.problem, fields: [(.retryAfter, "1")]))
            return
        }
        let request = EndpointRequest(
            requestID: self.requestID,
            body: Array(answer.body.readableBytesView),
            contentType: self.head?.fields.first(.contentType),
            keyID: self.key?.record.id,
            projectID: self.key?.record.projectID
        )
        let finished = LoopBoundCallback(self.loop.eventLoop) { (result: EndpointAnswer) in
            self.localAnswerEnded(result)
        }
        let endpoint = answer.endpoint
        // A task of its own, so that the client's leaving cancels this call and no other.
        answer.task = Task { finished.call(await endpoint.answer(request)) }
    }

    private func localAnswerEnded(_ answer: EndpointAnswer) {
        self.loop.localAnswerEnds()
        let isReturned = !self.isOver && self.answerState == .none
        // What is kept to be given again is returned sooner or later.
        if answer.images == 0 || !(isReturned || self.isDetached) { self.giveBackImages() }
        guard isReturned || self.isDetached else { return }
        self.answering = .nobody
        self.images = answer.images
        self.fault = answer.fault
        var fields = FieldSection()
        fields.append(.contentType, answer.contentType)
        for (name, value) in answer.fields { fields.append(name: name, value: value) }
        self.rewrite(&fields)
        let head = ResponseHead(status: answer.status, fields: fields)
        self.replayAnswered(head, answer.body)
        self.respond(head, bytes: answer.body)
        self.detachedEnded()
    }
}
