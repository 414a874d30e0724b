import NIOCore
import Synchronization

@testable import WonkeyHTTP

/// What handlers of a ``ServerFixture`` saw, and the exchanges they hold open until the test says what to do.
final class ManualExchanges: Sendable {
    struct Seen: Sendable {
        var paths: [String] = []
        var bodyBytes = 0
        var endings: [String] = []
    }

    struct TimedOut: Error {
        var seen: Seen
    }

    private struct State {
        var seen = Seen()
        var exchanges: [NIOLoopBound<ServerExchange>] = []
    }

    private let state = Mutex(State())

    var seen: Seen { self.state.withLock(\.seen) }

    fileprivate func note(_ change: @Sendable (inout Seen) -> Void) {
        self.state.withLock { change(&$0.seen) }
    }

    fileprivate func opened(_ exchange: ServerExchange, path: String) {
        let bound = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
        self.state.withLock { state in
            state.exchanges.append(bound)
            state.seen.paths.append(path)
        }
    }

    /// Waits until the handlers have seen what `condition` asks for.
    func wait(until condition: (Seen) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition(self.seen) {
            guard ContinuousClock.now < deadline else { throw TimedOut(seen: self.seen) }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Does something with an exchange on its event loop, once it is there.
    func with(_ index: Int, _ body: @escaping @Sendable (ServerExchange) -> Void) async throws {
        try await self.wait { $0.paths.count > index }
        let bound = self.state.withLock { $0.exchanges[index] }
        try await bound.eventLoop.submit { body(bound.value) }.get()
    }

    /// Waits until an exchange's answer is to be its connection's last, as after the client's end.
    func waitUntilLast(_ index: Int) async throws {
        try await self.wait { $0.paths.count > index }
        let bound = self.state.withLock { $0.exchanges[index] }
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !bound.eventLoop.submit({ bound.value.wire?.isLastRequest ?? true }).get() {
            guard ContinuousClock.now < deadline else { throw TimedOut(seen: self.seen) }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Answers an exchange with a short text.
    func answer(_ index: Int) async throws {
        try await self.with(index) { $0.respond(ResponseHead(status: 200), bytes: Array("done".utf8)) }
    }
}

/// Leaves the answer to the test; reads the body for paths under `/read`, one piece of it under `/read/paused`.
final class ManualHandler: RequestHandler {
    private let exchange: ServerExchange
    private let exchanges: ManualExchanges
    private var pauses = false

    init(_ exchange: ServerExchange, _ exchanges: ManualExchanges) {
        self.exchange = exchange
        self.exchanges = exchanges
    }

    func headReceived(_ head: RequestHead) {
        self.pauses = head.target.path == "/read/paused"
        self.exchanges.opened(self.exchange, path: head.target.path)
        if head.target.path.hasPrefix("/read") { self.exchange.readBody() }
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        let count = chunk.readableBytes
        self.exchanges.note { $0.bodyBytes += count }
        if self.pauses { self.exchange.pauseBody() }
        self.pauses = false
    }

    func bodyEnded() { self.exchanges.note { $0.endings.append("body") } }

    func bodyFailed(_ fault: BodyFault) {
        self.exchanges.note { $0.endings.append("\(fault)") }
        self.exchange.respond(problem: fault.problem)
    }

    func writabilityChanged(isWritable: Bool) {}
    func failed(_ fault: DownstreamFault) { self.exchanges.note { $0.endings.append("\(fault)") } }
    func finished(bytesSent: Int64) { self.exchanges.note { $0.endings.append("finished") } }
}
