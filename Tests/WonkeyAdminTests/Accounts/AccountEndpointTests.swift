import HTTPTypes
import Testing
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin

/// The endpoints on a real store, without a socket.
private struct Caller {
    let bench: AccountBench
    let services: ManagementServices

    init(_ bench: AccountBench) {
        self.bench = bench
        let store = bench.store
        self.services = ManagementServices(
            administration: { store.administration(for: $0, under: $1) },
            logs: { _ in MemoryStore() },
            idempotency: { _ in MemoryIdempotencyStore() },
            sealing: bench.tokens.ring,
            authenticator: bench.authenticator,
            signIn: SignInServices(
                accounts: { store.accounts(for: $0, under: $1) },
                hasher: bench.hasher,
                tokens: bench.tokens,
                gate: bench.gate
            ),
            clock: bench.clock,
            keyFormat: .standard,
            limitNames: [],
            readiness: { .ready }
        )
    }

    /// Calls an endpoint; a body that does not fit its schema is 422, as the service answers.
    func call(
        _ endpoint: Endpoint,
        _ body: JSONValue = [:],
        as token: String? = nil,
        path: [String: String] = [:],
        fields: HTTPFields = [:]
    ) async -> Reply {
        do {
            if let schema = endpoint.body?.schema, let fault = schema.faults(in: body, at: "").first {
                throw Problem.invalid(field: fault.field, fault.message)
            }
            var principal: Principal?
            if let token { principal = try await self.services.authenticator.authenticate(bearer: token) }
            guard case .object(let members) = body else { throw Problem.failure }
            let request = EndpointRequest(
                id: "test",
                services: self.services,
                principal: principal,
                clientAddress: "192.0.2.1",
                fields: fields,
                pathValues: path,
                body: JSONObject(members)
            )
            return try await endpoint.run(request)
        } catch let error as AuthenticationError {
            return Reply(status: error.code == .unavailable ? 503 : 401)
        } catch {
            let problem = Problem(error)
            return Reply(status: problem.status, fields: problem.fields, body: JSONValue(problem.faults.first?.field))
        }
    }

    /// Signs up and gives the access token and the ids of user and organization.
    func signUp(_ name: String) async throws -> (token: String, user: String, organization: String) {
        let body: JSONValue = ["email": .string(name + "@example.com"), "password": "correct horse"]
        let reply = await self.call(SignInEndpoints.register, body)
        let token = try #require(reply.body?.text("access_token"))
        let organizations = await self.call(OrganizationEndpoints.list, as: token)
        guard case .array(let data) = organizations.body?.member("data") else { throw Problem.failure }
        let organization = try #require(data.first?.text("id"))
        return (token, try #require(reply.body?.member("user")?.text("id")), organization)
    }
}

extension JSONValue {
    fileprivate func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return JSONObject(members)[name]
    }

    fileprivate func text(_ name: String) -> String? {
        guard case .string(let text) = self.member(name) else { return nil }
        return text
    }
}

@Suite("Accounts: endpoints")
struct AccountEndpointTests {
    @Test(
        "registering answers 201 with user and tokens as documented, kept by nobody on the way",
        arguments: StoreEngine.allCases
    )
    func register(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let caller = Caller(bench)
            let body: JSONValue = ["email": "alice@example.com", "password": "correct horse", "name": "Alice"]
            let reply = await caller.call(SignInEndpoints.register, body)
            #expect(reply.status == 201)
            #expect(reply.fields[.cacheControl] == "no-store")
            let answer = try #require(reply.body)
            #expect(Schema.signedIn.faults(in: answer, at: "") == [])
            #expect(await caller.call(SignInEndpoints.register, body).status == 409)
            let me = await caller.call(SignInEndpoints.me, as: answer.text("access_token"))
            #expect(me.status == 200)
            #expect(Schema.currentUser.faults(in: try #require(me.body), at: "") == [])
        }
    }

    @Test(
        "what does not fit is 422 with its field",
        arguments: [
            (["email": "alice", "password": "correct horse"], "email"),
            (["email": "alice@example.com", "password": "1234567"], "password"),
            (["email": "alice@example.com"], "password"),
            (["email": "alice@example.com", "password": "correct horse", "name": " a"], "name"),
            (["email": "alice@example.com", "password": "correct horse", "role": "owner"], "role"),
        ] as [(JSONValue, String)]
    )
    func invalid(body: JSONValue, field: String) async throws {
        try await AccountBench.run { bench in
            let reply = await Caller(bench).call(SignInEndpoints.register, body)
            #expect(reply == Reply(status: 422, body: .string(field)))
        }
    }

    @Test("signing in, refreshing and out: 200, 401 without a hint, 204, and then 401", arguments: StoreEngine.allCases)
    func session(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let caller = Caller(bench)
            _ = try await caller.signUp("alice")
            let wrong = await caller.call(SignInEndpoints.login, ["email": "alice@example.com", "password": "wrong"])
            let unknown = await caller.call(SignInEndpoints.login, ["email": "bob@example.com", "password": "wrong"])
            #expect(wrong.status == 401)
            #expect(wrong == unknown)
            let login = await caller.call(
                SignInEndpoints.login,
                ["email": "alice@example.com", "password": "correct horse"]
            )
            #expect(login.status == 200)
            let refresh: JSONValue = ["refresh_token": JSONValue(login.body?.text("refresh_token"))]
            let renewed = await caller.call(SignInEndpoints.refresh, refresh)
            #expect(renewed.status == 200)
            let token = renewed.body?.text("access_token")
            #expect(await caller.call(SignInEndpoints.logout, as: token) == .noContent)
            #expect(await caller.call(SignInEndpoints.me, as: token).status == 401)
            #expect(await caller.call(SignInEndpoints.refresh, refresh).status == 401)
        }
    }

    @Test("too many bad sign-ins are 429 with Retry-After")
    func limited() async throws {
        var limits = SignInLimits()
        limits.loginByAccount = Quota(limit: 1, window: .seconds(60))
        try await AccountBench.run(limits: limits) { bench in
            let body: JSONValue = ["email": "alice@example.com", "password": "wrong"]
            let caller = Caller(bench)
            #expect(await caller.call(SignInEndpoints.login, body).status == 401)
            let refused = await caller.call(SignInEndpoints.login, body)
            #expect(refused.status == 429)
            #expect(refused.fields[.retryAfter].flatMap { Int($0) } ?? 0 > 0)
        }
    }

    @Test(
        "a member is invited, joins, is promoted with If-Match, and removed; strangers find nothing",
        arguments: StoreEngine.allCases
    )
    func members(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let caller = Caller(bench)
            let alice = try await caller.signUp("alice")
            let bob = try await caller.signUp("bob")
            let mallory = try await caller.signUp("mallory")
            let path = ["id": alice.organization, "user_id": bob.user]
            let offer: JSONValue = ["email": "bob@example.com", "role": "developer"]
            #expect(await caller.call(OrganizationEndpoints.invite, offer, as: bob.token, path: path).status == 404)
            let invited = await caller.call(OrganizationEndpoints.invite, offer, as: alice.token, path: path)
            #expect(invited.status == 201)
            #expect(Schema.issuedInvitation.faults(in: try #require(invited.body), at: "") == [])
            let token: JSONValue = ["token": JSONValue(invited.body?.text("token"))]
            #expect(await caller.call(OrganizationEndpoints.accept, token, as: mallory.token).status == 404)
            #expect(await caller.call(OrganizationEndpoints.accept, token, as: bob.token).status == 200)
            #expect(await caller.call(OrganizationEndpoints.accept, token, as: bob.token).status == 404)

            let shown = await caller.call(OrganizationEndpoints.getMember, as: bob.token, path: path)
            #expect(shown.fields[.eTag] == "\"1\"")
            let promotion: JSONValue = ["role": "admin"]
            #expect(
                await caller.call(OrganizationEndpoints.changeRole, promotion, as: bob.token, path: path).status == 403
            )
            #expect(
                await caller.call(OrganizationEndpoints.changeRole, promotion, as: mallory.token, path: path).status
                    == 404
            )
            for (tag, status) in [("\"7\"", 412), ("\"1\"", 200), ("\"1\"", 412)] {
                let reply = await caller.call(
                    OrganizationEndpoints.changeRole,
                    promotion,
                    as: alice.token,
                    path: path,
                    fields: [.ifMatch: tag]
                )
                #expect(reply.status == status)
            }
            let oneself = ["id": alice.organization, "user_id": alice.user]
            #expect(
                await caller.call(OrganizationEndpoints.removeMember, as: alice.token, path: oneself).status == 409
            )
            #expect(
                await caller.call(OrganizationEndpoints.removeMember, as: bob.token, path: oneself).status == 403
            )
            #expect(await caller.call(OrganizationEndpoints.removeMember, as: bob.token, path: path).status == 204)
            #expect(await caller.call(OrganizationEndpoints.listMembers, as: bob.token, path: path).status == 404)
        }
    }

    @Test("with the store away signing in is 503, and nobody is let in or shut out for good")
    func away() async throws {
        try await AccountBench.run { bench in
            let services = NoAccounts.services(clock: bench.clock)
            var caller = Caller(bench).services
            caller.signIn = services
            let body: JSONValue = ["email": "alice@example.com", "password": "correct horse"]
            guard case .object(let members) = body else { return }
            for endpoint in [SignInEndpoints.register, SignInEndpoints.login] {
                let request = EndpointRequest(
                    id: "test",
                    services: caller,
                    clientAddress: "192.0.2.1",
                    body: JSONObject(members)
                )
                let error = await #expect(throws: OperationError.self) { _ = try await endpoint.run(request) }
                #expect(error.map { Problem($0).status } == 503)
            }
            let authenticator = TokenAuthenticator(store: NoAccounts(), tokens: bench.tokens, clock: bench.clock)
            let token = try await bench.register().accessToken
            #expect(await bench.refusal(of: token, by: authenticator) == .unavailable)
        }
    }
}
