package import HTTPTypes
package import WonkeyCore

/// A request whose token, body and parameters were checked, as an endpoint sees it.
package struct EndpointRequest: Sendable {
    /// Names the request in logs, in `X-Request-Id` and in problem documents.
    package var id: String
    package var services: ManagementServices
    /// Whose token it carries; `nil` at endpoints for anyone.
    package var principal: Principal?
    /// The client's IP address, behind the trusted proxies.
    package var clientAddress: String
    package var fields: HTTPFields
    /// Empty if the endpoint takes no body or none was sent.
    package var body: JSONObject
    private let pathValues: [String: String]
    private let queryValues: [String: JSONValue]

    package init(
        id: String,
        services: ManagementServices,
        principal: Principal? = nil,
        clientAddress: String,
        fields: HTTPFields = [:],
        pathValues: [String: String] = [:],
        queryValues: [String: JSONValue] = [:],
        body: JSONObject = JSONObject()
    ) {
        self.id = id
        self.services = services
        self.principal = principal
        self.clientAddress = clientAddress
        self.fields = fields
        self.pathValues = pathValues
        self.queryValues = queryValues
        self.body = body
    }

    /// The same request, whose changes are noted under a claim.
    func carriedOut(under claim: IdempotencyClaim) -> Self {
        var request = self
        request.services.claim = claim
        return request
    }

    // MARK: Who

    /// Who is signed in.
    ///
    /// - Throws: ``Problem`` 401; never at endpoints whose access is `.signedIn`.
    package var user: User {
        get throws(Problem) {
            guard let principal = self.principal else { throw .unauthenticated() }
            return principal.user
        }
    }

    /// Who makes changes, for the audit log: the user and the client's address.
    package var actor: Actor {
        Actor(name: self.principal.map { "user:\($0.user.id)" } ?? "anonymous", source: self.clientAddress)
    }

    /// What operations work on, with everything scoped to the user.
    ///
    /// - Throws: ``Problem`` 401; never at endpoints whose access is `.signedIn`.
    package var context: AdministrationContext {
        get throws(Problem) { self.services.context(for: .member(try self.user.id), actor: self.actor) }
    }

    // MARK: Parameters

    /// The value of a path parameter, which the endpoint declares.
    package func path(_ name: String) -> String {
        guard let value = self.pathValues[name] else { preconditionFailure("undeclared path parameter \(name)") }
        return value
    }

    /// The text of a query parameter, where it was given.
    package func query(_ name: String) -> String? {
        guard case .string(let text) = self.queryValues[name] else { return nil }
        return text
    }

    /// The number of an integer query parameter, where it was given.
    package func query(integer name: String) -> Int? {
        guard case .integer(let number) = self.queryValues[name] else { return nil }
        return Int(number)
    }

    /// The truth of a boolean query parameter, where it was given.
    package func query(boolean name: String) -> Bool? {
        guard case .bool(let value) = self.queryValues[name] else { return nil }
        return value
    }

    /// The time of a query parameter with the schema `.moment`, where it was given.
    ///
    /// - Throws: ``Problem`` 422 with the name as its field.
    package func query(moment name: String) throws(Problem) -> Moment? {
        guard let text = self.query(name) else { return nil }
        do { return try Moment(text) } catch { throw .invalid(field: name, error.message) }
    }

    // MARK: Versions

    /// The version in `If-Match`, which the thing must still have; `nil` if the client does not mind.
    ///
    /// - Throws: ``Problem`` 412 for a tag that none of our answers had, 422 for what is no such field.
    package var expectedVersion: Int64? {
        get throws(Problem) {
            guard let text = self.fields[.ifMatch] else { return nil }
            return try EntityTag.version(ifMatch: text)
        }
    }
}
