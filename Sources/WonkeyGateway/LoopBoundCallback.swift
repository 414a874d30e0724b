import NIOCore

/// Lets other threads call back into an event loop's own, unshared state.
struct LoopBoundCallback<Value: Sendable>: Sendable {
    private let eventLoop: any EventLoop
    private let body: NIOLoopBound<(Value) -> Void>

    /// Wraps a callback; called on the loop.
    init(_ eventLoop: any EventLoop, _ body: @escaping (Value) -> Void) {
        self.eventLoop = eventLoop
        self.body = NIOLoopBound(body, eventLoop: eventLoop)
    }

    /// Runs the callback on its loop, later; from any thread.
    func call(_ value: Value) {
        self.eventLoop.execute { self.body.value(value) }
    }
}
