package import WonkeyCore
package import WonkeyHTTP

/// A field that is made for each request; left out of one for which a variable has no value.
package struct FieldRule: Hashable, Sendable {
    package var name: FieldName
    package var value: Template

    package init(name: FieldName, value: Template) {
        self.name = name
        self.value = value
    }
}

/// What becomes of a message's fields.
package struct FieldRules: Hashable, Sendable {
    /// Replace what was there, also where a value is missing.
    package var set: [FieldRule]
    /// Are put beside what was there.
    package var add: [FieldRule]
    package var remove: [FieldName]

    package init(set: [FieldRule] = [], add: [FieldRule] = [], remove: [FieldName] = []) {
        self.set = set
        self.add = add
        self.remove = remove
    }

    /// The names of which nothing that was there stays.
    var replaced: [FieldName] { self.set.map(\.name) + self.remove }
}

/// What a route changes of requests and answers on their way (F8).
package struct RouteRewrite: Hashable, Sendable {
    package var path: PathRewrite?
    /// The upstream's `Host`; absent: as the upstream's rules say.
    package var host: String?
    package var request = FieldRules()
    package var response = FieldRules()

    package init() {}

    /// The upstream's rules as they are on this route, which has the last word.
    func applied(to rules: ForwardingRules) -> ForwardingRules {
        var rules = rules
        rules.path = self.path
        if let host = self.host { rules.hostPolicy = .fixed(host) }
        let replaced = self.request.replaced
        rules.injected.removeAll { replaced.contains($0.name) }
        rules.reserve(replaced)
        return rules
    }
}

/// A route's rewriting, worked out once per generation; routes without it have none.
final class RewritePlan {
    /// What is written to the upstream; of the names to be replaced the client's lines are gone by then.
    let requestFields: [FieldRule]
    let response: FieldRules
    /// What an answer loses.
    let replaced: [FieldName]

    init(_ rewrite: RouteRewrite) {
        self.requestFields = rewrite.request.set + rewrite.request.add
        self.response = rewrite.response
        self.replaced = rewrite.response.replaced
    }
}
