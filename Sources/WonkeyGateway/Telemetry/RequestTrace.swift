import NIOCore
import WonkeyCore
import WonkeyHTTP

/// A request that is recorded: its span, and one for each try to have it answered upstream.
final class RequestTrace {
    struct Try {
        let spanID: SpanID
        /// Which of the upstream's servers.
        let target: String
        /// The request target it was sent.
        let requestTarget: String
        let startedAt: NIODeadline
        var endedAt: NIODeadline?
        var status: Int?
        var error: String?
    }

    let traceID: TraceID
    let spanID: SpanID
    /// The client's span.
    let parentID: SpanID?
    let state: String?
    let isRandom: Bool
    private let loop: GatewayLoop
    private(set) var tries: [Try] = []
    /// The first try's, which is in the head before there is a try.
    private let firstTryID: SpanID
    var upstreamScheme = "http"

    init(_ loop: GatewayLoop, continuing parent: TraceParent, state: String?) {
        self.loop = loop
        self.traceID = parent.traceID
        self.parentID = parent.spanID
        self.isRandom = parent.isRandom
        self.state = state
        self.spanID = loop.nextSpanID()
        self.firstTryID = loop.nextSpanID()
    }

    /// Begins a trace.
    init(_ loop: GatewayLoop) {
        let new = loop.nextTrace(isSampled: true)
        self.loop = loop
        self.traceID = new.traceID
        self.parentID = nil
        self.isRandom = new.isRandom
        self.state = nil
        self.spanID = new.spanID
        self.firstTryID = loop.nextSpanID()
    }

    /// What the upstream is told.
    var forwarded: ForwardedTrace {
        let parent = TraceParent(
            traceID: self.traceID,
            spanID: self.firstTryID,
            isSampled: true,
            isRandom: self.isRandom
        )
        return .replaced(parent, state: self.state)
    }

    /// The last try is over; has no effect if it was already.
    func endTry(status: Int?, error: String?) {
        guard let last = self.tries.indices.last, self.tries[last].endedAt == nil else { return }
        self.tries[last].endedAt = .now()
        self.tries[last].status = status
        self.tries[last].error = error
    }
}

extension RequestTrace: UpstreamTryObserver {
    func tryBegins(_ head: OutgoingHead, at target: String) -> OutgoingHead {
        let isFirst = self.tries.isEmpty
        let spanID = isFirst ? self.firstTryID : self.loop.nextSpanID()
        self.tries.append(
            Try(spanID: spanID, target: target, requestTarget: head.requestTarget, startedAt: .now())
        )
        return isFirst ? head : head.tracing(spanID)
    }

    func tryFailed(status: Int) {
        self.endTry(status: status, error: String(status))
    }

    func tryFailed(_ fault: UpstreamFault) {
        self.endTry(status: nil, error: fault.kind.rawValue)
    }
}
