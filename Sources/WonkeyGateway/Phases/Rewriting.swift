import WonkeyCore
import WonkeyHTTP

/// What a route changes of requests and answers.
extension GatewayExchange {
    /// The value of a template's variable; `nil` where there is none.
    func value(of variable: Template.Variable) -> String? {
        switch variable {
        case .keyID: self.key?.record.id.rawValue
        case .keyName: self.key?.record.name
        case .keyStart: self.key?.record.start
        case .keyEnvironment: self.key?.record.environment.rawValue
        case .projectID: self.key?.record.projectID.rawValue
        case .organizationID: self.key?.record.organizationID.rawValue
        case .identityID: self.key?.record.identityID?.rawValue
        case .identityExternalID: self.key?.record.externalID
        case .clientAddress: self.client?.ip
        case .routeName: self.route?.rule.name
        case .requestID: self.requestID
        case .requestMethod: self.head?.method.text
        case .requestScheme: self.client?.scheme ?? self.exchange.scheme
        case .requestHost: (self.head?.host).flatMap { $0.isEmpty ? nil : $0 }
        case .requestPath: self.head?.target.path
        case .requestQuery: self.head?.target.query
        case .requestTarget: self.head?.target.text
        case .requestRest: self.pathBehindRoute
        }
    }

    private var pathBehindRoute: String? {
        guard let target = self.head?.target, let match = self.route?.rule.match else { return nil }
        return switch match.path {
        case .exact: ""
        case .prefix(let prefix): target.path(behind: prefix)
        }
    }

    /// The fields of these rules for this request.
    func fields(_ rules: [FieldRule]) -> [(name: FieldName, value: String)] {
        rules.compactMap { rule in
            rule.value.filled { self.value(of: $0) }.map { (name: rule.name, value: $0) }
        }
    }

    /// Applies the route's rules to the fields of an answer.
    func rewrite(_ fields: inout FieldSection) {
        guard let plan = self.route?.rewrite else { return }
        for name in plan.replaced { fields.remove(name) }
        for (name, value) in self.fields(plan.response.set) { fields.append(name, value) }
        for (name, value) in self.fields(plan.response.add) { fields.append(name, value) }
    }
}
