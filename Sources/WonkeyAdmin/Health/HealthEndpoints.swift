/// Whether requests can be served.
package enum ServiceReadiness: Sendable, Equatable {
    case ready
    /// The store gives no answer.
    case storeUnavailable
    /// The service is about to stop.
    case draining
}

/// `/health` and `/ready`, for those who watch over the service.
enum HealthEndpoints {
    static let all = [health, ready]

    private static let status = Schema.object([.required("status", .string("In a word.", example: "ok"))])

    static let health = Endpoint(
        id: "getHealth",
        .get,
        "/health",
        tag: .service,
        summary: "Tell whether the service runs",
        access: .anyone,
        answers: [Answer(200, "It runs, whatever its store does.", status, example: ["status": "ok"])]
    ) { _ in .ok(["status": "ok"]) }

    static let ready = Endpoint(
        id: "getReadiness",
        .get,
        "/ready",
        tag: .service,
        summary: "Tell whether requests can be served",
        description: "503 while the store is away, and while the service drains.",
        access: .anyone,
        answers: [Answer(200, "They can.", status, example: ["status": "ready"])]
    ) { request in
        switch await request.services.readiness() {
        case .ready: .ok(["status": "ready"])
        case .storeUnavailable: throw Problem.unavailable("The store gives no answer.")
        case .draining: throw Problem.unavailable("The service is about to stop.")
        }
    }
}
