import WonkeyCore

/// One accepted call on its way to the transfer thread.
struct Call: Sendable {
    let id: UInt64
    let request: ServiceRequest
    /// Runs from the moment of ``CurlServiceClient/send(_:)``: time spent waiting for a slot counts.
    let deadline: ContinuousClock.Instant
    /// Resumed exactly once, by whoever takes the call out of circulation.
    let continuation: CheckedContinuation<Result<ServiceResponse, ServiceError>, Never>

    func finish(_ result: Result<ServiceResponse, ServiceError>) {
        self.continuation.resume(returning: result)
    }
}

/// What callers hand to the transfer thread, bounded by the calls that may be outstanding.
///
/// Pure: it decides, ``CurlServiceClient`` and ``TransferThread`` act.
struct Inbox {
    enum Command {
        case start(Call)
        case cancel(UInt64)
    }

    enum Acceptance: Equatable {
        case accepted, full, closed
    }

    struct Delivery {
        var commands: [Command]
        var isClosed: Bool
    }

    private var commands: [Command] = []
    private var outstanding = 0
    private let outstandingMax: Int
    private var isClosed = false

    init(outstandingMax: Int) {
        self.outstandingMax = outstandingMax
    }

    mutating func start(_ call: Call) -> Acceptance {
        if self.isClosed { return .closed }
        guard self.outstanding < self.outstandingMax else { return .full }
        self.outstanding += 1
        self.commands.append(.start(call))
        return .accepted
    }

    /// Asks for the end of a call; without effect once the call is over.
    mutating func cancel(_ id: UInt64) -> Acceptance {
        if self.isClosed { return .closed }
        self.commands.append(.cancel(id))
        return .accepted
    }

    mutating func close() {
        self.isClosed = true
    }

    mutating func take() -> Delivery {
        let delivery = Delivery(commands: self.commands, isClosed: self.isClosed)
        self.commands.removeAll(keepingCapacity: true)
        return delivery
    }

    mutating func finished() {
        self.outstanding -= 1
    }
}
