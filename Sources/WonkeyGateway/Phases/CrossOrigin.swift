import WonkeyCore
import WonkeyHTTP

/// What browsers ask on behalf of pages of other origins.
extension GatewayExchange {
    private static let requestedMethod = FieldName("Access-Control-Request-Method")
    private static let requestedFields = FieldName("Access-Control-Request-Headers")

    /// Answers a preflight, which comes without a key, for the route that the request it announces will take.
    ///
    /// - Returns: Whether it was one for a route with rules; if not, it is a request as any other.
    func answerPreflight(_ head: RequestHead) -> Bool {
        guard let origin = head.fields.first(.origin), let method = head.fields.first(Self.requestedMethod) else {
            return false
        }
        switch self.generation.snapshot.table.match(host: head.host, path: head.routingPath, method: method) {
        case .refused: return false
        case .route(let index):
            let route = self.generation.routes[index]
            guard let plan = route.crossOrigin else { return false }
            self.route = route
            self.status = 204
            self.answerState = .complete
            let requested = head.fields.values(Self.requestedFields).joined(separator: ", ")
            var fields = plan.preflightFields(origin: origin, requested: requested)
            fields.append(.xRequestID, self.requestID)
            self.exchange.respond(ResponseHead(status: 204, fields: fields), bytes: [])
            return true
        }
    }

    /// Lets pages of allowed origins read the answer, whoever made it.
    func addCrossOriginFields(to fields: inout FieldSection) {
        guard let plan = self.route?.crossOrigin else { return }
        plan.addAnswerFields(to: &fields, origin: self.head?.fields.first(.origin))
    }
}
