/// Text with places for what is known of a request, such as `{key.id}`; read once, filled in per request.
///
/// A brace that is meant as such is doubled: `{{` and `}}`.
package struct Template: Hashable, Sendable {
    /// What a place stands for.
    package enum Variable: String, Hashable, Sendable, CaseIterable {
        case keyID = "key.id"
        case keyName = "key.name"
        case keyStart = "key.start"
        case keyEnvironment = "key.environment"
        case projectID = "project.id"
        case organizationID = "organization.id"
        case identityID = "identity.id"
        case identityExternalID = "identity.externalId"
        case clientAddress = "client.address"
        case routeName = "route.name"
        case requestID = "request.id"
        case requestMethod = "request.method"
        case requestScheme = "request.scheme"
        case requestHost = "request.host"
        /// As sent, without query.
        case requestPath = "request.path"
        /// What follows `?`, as sent; missing without a query.
        case requestQuery = "request.query"
        /// Path, and query if there is one, as sent.
        case requestTarget = "request.target"
        /// The path, as sent, below the route's; empty where that is all.
        case requestRest = "request.rest"

        /// Whether it tells who sends the request, so that an upstream may act upon it.
        package var isIdentity: Bool {
            switch self {
            case .keyID, .keyName, .keyStart, .keyEnvironment, .projectID, .organizationID, .identityID,
                .identityExternalID, .clientAddress:
                true
            case .routeName, .requestID, .requestMethod, .requestScheme, .requestHost, .requestPath, .requestQuery,
                .requestTarget, .requestRest:
                false
            }
        }

        /// Whether only a verified key gives it a value.
        package var needsKey: Bool {
            switch self {
            case .keyID, .keyName, .keyStart, .keyEnvironment, .projectID, .organizationID, .identityID,
                .identityExternalID:
                true
            case .clientAddress, .routeName, .requestID, .requestMethod, .requestScheme, .requestHost, .requestPath,
                .requestQuery, .requestTarget, .requestRest:
                false
            }
        }
    }

    package enum Part: Hashable, Sendable {
        case text(String)
        case variable(Variable)
    }

    /// Why a text is no template.
    package enum Fault: Error, Hashable, Sendable {
        case unknownVariable(String)
        /// A `{` without its `}`, or the other way round.
        case loneBrace
    }

    /// Without two texts in a row and without empty ones.
    package let parts: [Part]

    package init(_ parts: [Part]) {
        self.parts = parts
    }

    /// Reads a template.
    ///
    /// - Parameter text: As an operator writes it.
    /// - Throws: What is wrong with it.
    package init(parsing text: String) throws(Fault) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.append(character)
                rest.removeFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw .loneBrace }
                let name = String(rest[..<end])
                guard let variable = Variable(rawValue: name) else { throw .unknownVariable(name) }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(.variable(variable))
                rest = rest[rest.index(after: end)...]
            case "}": throw .loneBrace
            default: literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    package var variables: [Variable] {
        self.parts.compactMap { part in
            switch part {
            case .text: nil
            case .variable(let variable): variable
            }
        }
    }

    /// Fills the places in.
    ///
    /// - Parameter value: Gives a variable's value for this request.
    /// - Returns: The text, or `nil` if a value is missing.
    package func filled(_ value: (Variable) -> String?) -> String? {
        if self.parts.count == 1, case .text(let text) = self.parts[0] { return text }
        var text = ""
        for part in self.parts {
            switch part {
            case .text(let literal): text += literal
            case .variable(let variable):
                guard let value = value(variable) else { return nil }
                text += value
            }
        }
        return text
    }
}
