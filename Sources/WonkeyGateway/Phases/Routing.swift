import WonkeyCore
import WonkeyHTTP

/// Which rule a request falls under.
extension GatewayExchange {
    enum RouteResult {
        case route(LoopRoute)
        case refused(Refusal)
    }

    func matchRoute(_ head: RequestHead) -> RouteResult {
        switch self.generation.snapshot.table.match(host: head.host, path: head.routingPath, method: head.method.text) {
        case .refused(let refusal): return .refused(refusal)
        case .route(let index):
            let route = self.generation.routes[index]
            self.route = route
            return .route(route)
        }
    }

    /// Why the body must not come in, as far as its declared length tells (B15).
    func bodyRefusal(_ head: RequestHead, _ route: LoopRoute) -> Refusal? {
        let bytesMax = route.rule.bodyBytesMax
        self.exchange.bodyBytesMax = bytesMax
        guard case .length(let length) = head.framing, length > bytesMax else { return nil }
        return .bodyTooLarge(limit: Int(bytesMax))
    }

    /// Takes over the client's request id where that is allowed and it is well formed, or makes one.
    func chooseRequestID(_ head: RequestHead) {
        self.id = self.loop.nextRequestID(at: self.time)
        self.requestID = self.id
        guard self.generation.snapshot.takesRequestID else { return }
        let sent = head.fields.values(.xRequestID)
        if sent.count == 1, isWellFormedRequestID(sent[0]) { self.requestID = sent[0] }
    }
}
