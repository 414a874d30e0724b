import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import WonkeyCore
import WonkeyHTTP

/// Where a request comes from.
struct ManagementRequestContext: InitializableFromSource, Sendable {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.channel = source.channel
    }
}

/// Answers requests from the list of endpoints; never throws.
///
/// The way of a request, in order: find the endpoint, tell who asks, read and check what was sent, run, answer.
struct ManagementResponder: HTTPResponder {
    typealias Context = ManagementRequestContext

    /// What is known of a request while it is answered.
    private struct Exchange {
        var id: String
        var clientAddress: String
        var endpointID: String?
        var userID: UserID?
    }

    private let table: EndpointTable
    private let services: ManagementServices
    private let settings: ServingSettings
    private let reading: RequestReading
    private let idempotency: IdempotencyGuard
    private let metrics: ServiceMetrics
    private let ids: RequestIDs
    private let logger: Logger

    init(
        _ endpoints: [Endpoint],
        services: ManagementServices,
        settings: ServingSettings,
        metrics: ServiceMetrics,
        ids: RequestIDs,
        logger: Logger
    ) {
        self.ids = ids
        self.table = EndpointTable(endpoints)
        self.services = services
        self.settings = settings
        self.reading = RequestReading(settings: settings)
        self.idempotency = IdempotencyGuard(
            services: services,
            deadline: RequestDeadline(limit: settings.requestTimeout),
            logger: logger
        )
        self.metrics = metrics
        self.logger = logger
    }

    func respond(to request: Request, context: ManagementRequestContext) async -> Response {
        let started = ContinuousClock.now
        self.metrics.begin()
        var exchange = Exchange(
            id: self.ids.next(at: self.services.clock.now),
            clientAddress: self.clientAddress(of: request.headers, peer: context.channel.remoteAddress)
        )
        let target = (request.head.path ?? "").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let (path, query) = (target.first ?? "", target.count > 1 ? target[1] : "")
        var reply: WireReply
        do {
            reply = try await self.reply(to: request, path: String(path), query: query, &exchange)
        } catch {
            reply = WireReply(self.problem(error, exchange), requestID: exchange.id)
        }
        reply.fields.append(contentsOf: self.settings.crossOrigin.fields(for: request.headers))
        reply.fields[.requestID] = exchange.id
        let elapsed = ContinuousClock.now - started
        self.log(request, path: path, exchange, status: reply.status, elapsed)
        self.metrics.finish(endpoint: exchange.endpointID, status: reply.status, elapsed: elapsed)
        let isLast = self.mayLeaveBody(of: request, status: reply.status)
        return reply.response(isHead: request.method == .head, closing: isLast ? context.channel : nil)
    }

    /// The way of a request, as long as all goes well.
    private func reply(
        to request: Request,
        path: String,
        query: Substring,
        _ exchange: inout Exchange
    ) async throws -> WireReply {
        let method = request.method.rawValue
        if path == DocumentationPage.path, ["GET", "HEAD"].contains(method) { return DocumentationPage.reply }
        switch self.table.match(method: method, path: path) {
        case .nothing: throw Problem.notFound("Nothing is served under this path; see /docs.")
        case .otherMethod(let allowed):
            guard method == "OPTIONS" else { throw Problem.methodNotAllowed(allowed) }
            var reply = WireReply(Reply.noContent.with(.allow, allowed.joined(separator: ", ")))
            reply.fields.append(
                contentsOf: self.settings.crossOrigin.preflightFields(for: request.headers, methods: allowed)
            )
            return reply
        case .found(let endpoint, let pathValues):
            exchange.endpointID = endpoint.id
            let principal = try await self.principal(of: request.headers, for: endpoint)
            exchange.userID = principal?.user.id
            try RequestReading.check(pathValues: pathValues, for: endpoint)
            let endpointRequest = EndpointRequest(
                id: exchange.id,
                services: self.services,
                principal: principal,
                clientAddress: exchange.clientAddress,
                fields: request.headers,
                pathValues: pathValues,
                queryValues: try RequestReading.queryValues(query, for: endpoint),
                body: try await self.reading.body(of: request, for: endpoint)
            )
            return WireReply(try await self.idempotency.run(endpoint, on: endpointRequest, target: path + "?" + query))
        }
    }

    // MARK: Who

    private func principal(of fields: HTTPFields, for endpoint: Endpoint) async throws(Problem) -> Principal? {
        switch endpoint.access {
        case .anyone: return nil
        case .signedIn: break
        }
        let values = fields[values: .authorization]
        guard values.count == 1, let value = values.first else { throw .unauthenticated() }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].contains(" ") else {
            throw .unauthenticated()
        }
        do {
            return try await self.services.authenticator.authenticate(bearer: String(parts[1]))
        } catch {
            throw Problem(error)
        }
    }

    private func clientAddress(of fields: HTTPFields, peer: SocketAddress?) -> String {
        let peer = PeerAddress(ip: peer?.ipAddress ?? "unix", port: peer?.port ?? 0)
        guard !self.settings.trustedProxies.isEmpty else { return peer.ip }
        var section = FieldSection()
        for name in [HTTPField.Name.forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost] {
            for value in fields[values: name] { section.append(name: name.rawName, value: value) }
        }
        return ClientAddress.resolve(peer: peer, fields: section, trusted: self.settings.trustedProxies).ip
    }

    // MARK: Aftermath

    /// Logs what a client is not told.
    private func problem(_ error: any Error, _ exchange: Exchange) -> Problem {
        let problem = Problem(error)
        let metadata: Logger.Metadata = [
            "request_id": "\(exchange.id)", "endpoint": "\(exchange.endpointID ?? "")",
            "error": "\(Self.description(of: error))",
        ]
        switch problem.status {
        case 500: self.logger.error("request failed", metadata: metadata)
        case 503: self.logger.warning("request not served", metadata: metadata)
        default: break
        }
        return problem
    }

    private static func description(of error: any Error) -> String {
        switch error {
        case let error as OperationError: error.detail.map { "\(error.message): \($0)" } ?? error.message
        case let error as StoreError: error.message
        case let problem as Problem: problem.detail
        default: redactingKeys(in: printable("\(error)"))
        }
    }

    private func log(
        _ request: Request,
        path: Substring,
        _ exchange: Exchange,
        status: Int,
        _ elapsed: Duration
    ) {
        self.logger.info(
            "request",
            metadata: [
                "request_id": "\(exchange.id)", "method": "\(request.method.rawValue)",
                "path": "\(redactingKeys(in: printable(String(path.prefix(256)))))",
                "endpoint": "\(exchange.endpointID ?? "")", "status": "\(status)",
                "duration_us": "\(Int64(elapsed / .microseconds(1)))", "client": "\(exchange.clientAddress)",
                "user": "\(exchange.userID?.rawValue ?? "")",
            ]
        )
    }

    /// Whether much of the body may still be on its way, which nobody will read.
    private func mayLeaveBody(of request: Request, status: Int) -> Bool {
        if status == 408 || status == 413 { return true }
        if request.headers.contains(.transferEncoding) { return status >= 400 }
        return request.headers[.contentLength].flatMap { Int($0) }.map { $0 > self.settings.bodyMax } ?? false
    }
}

/// Request ids for all requests of the service.
final class RequestIDs: Sendable {
    private let generator = Mutex(RequestIDGenerator(seed: UInt64.random(in: .min ... .max)))

    func next(at now: Timestamp) -> String { self.generator.withLock { $0.next(at: now) } }
}
