import WonkeyCore
import WonkeyHTTP

/// What an upstream learns of the trace its request is part of.
extension GatewayExchange {
    /// What becomes of the client's `traceparent` and `tracestate`.
    func forwardedTrace(_ head: RequestHead) -> ForwardedTrace {
        switch head.fields.receivedTrace {
        case .none, .valid(_, state: .unchanged): .asReceived
        case .onlyState: .none
        case .valid(let parent, state: .changed(let state)): .replaced(parent, state: state)
        case .invalid: .replaced(self.loop.nextTrace(isSampled: false), state: nil)
        }
    }
}
