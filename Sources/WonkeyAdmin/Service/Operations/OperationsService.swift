import HTTPTypes
import Hummingbird
package import Logging
package import NIOCore
import ServiceLifecycle
package import WonkeyCore

/// The private listener of the management service: `/health`, `/ready` and `/metrics`, nothing else.
///
/// Outlives the public one at shutdown, so that readiness can be asked while it drains.
package struct OperationsService: Service {
    private let listener: ManagementListener<OperationsResponder>

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - address: Where it listens; never public.
    ///   - readiness: Whether requests can be served now.
    ///   - metrics: What `/metrics` shows.
    ///   - clock: Names requests.
    ///   - group: Runs the connections.
    ///   - logger: For what goes wrong.
    ///   - onListening: Told the address, with the port that was chosen if 0 was asked for.
    package init(
        at address: ServingSettings.Address,
        readiness: @escaping @Sendable () async -> ServiceReadiness,
        metrics: MetricsRegistry,
        clock: any WallClock,
        on group: any EventLoopGroup,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) -> Void = { _ in }
    ) {
        let ids = RequestIDs()
        self.listener = ManagementListener(
            responder: OperationsResponder(readiness: readiness, metrics: metrics, makeID: { ids.next(at: clock.now) }),
            settings: ServingSettings(address: address),
            makeID: { ids.next(at: clock.now) },
            group: group,
            logger: logger,
            onListening: onListening
        )
    }

    package func run() async throws {
        try await self.listener.run()
    }
}

/// Answers as the sidecar's operations listener does.
struct OperationsResponder: HTTPResponder {
    typealias Context = ManagementRequestContext

    let readiness: @Sendable () async -> ServiceReadiness
    let metrics: MetricsRegistry
    let makeID: @Sendable () -> String

    func respond(to request: Request, context: ManagementRequestContext) async -> Response {
        let path = request.head.path?.prefix { $0 != "?" } ?? ""
        let isRead = request.method == .get || request.method == .head
        let reply: WireReply
        switch path {
        case "/health" where !isRead, "/ready" where !isRead, "/metrics" where !isRead:
            reply = WireReply(Problem.methodNotAllowed(["GET", "HEAD"]), requestID: self.makeID())
        case "/health": reply = Self.json(200, "ok")
        case "/ready":
            let readiness = await self.readiness()
            reply = Self.json(readiness == .ready ? 200 : 503, readiness.word)
        case "/metrics":
            let format = MetricsFormat(accept: request.headers[.accept])
            let text = self.metrics.render(format)
            reply = WireReply(status: 200, fields: [:], mediaType: format.contentType, body: text)
        default:
            let problem = Problem.notFound("Served here: /health, /ready and /metrics.")
            reply = WireReply(problem, requestID: self.makeID())
        }
        return reply.response(isHead: request.method == .head)
    }

    private static func json(_ status: Int, _ word: String) -> WireReply {
        let body: JSONValue = ["status": .string(word)]
        return WireReply(status: status, fields: [:], mediaType: "application/json", body: body.text + "\n")
    }
}

extension ServiceReadiness {
    /// As `/ready` on the private listener says it.
    fileprivate var word: String {
        switch self {
        case .ready: "ready"
        case .storeUnavailable: "store_unavailable"
        case .draining: "draining"
        }
    }
}
