import Logging
import NIOCore
import NIOPosix
import Support

@testable import WonkeyHTTP

/// A pool on an event loop of its own, so that a test may hold the loop while the upstream goes on.
struct UpstreamFixture: Sendable {
    let loop: any EventLoop
    private let pool: NIOLoopBound<UpstreamPool>

    /// Runs `body` with a pool and stops it.
    static func run<Result>(
        to target: UpstreamTarget,
        _ change: @Sendable (inout UpstreamSettings) -> Void = { _ in },
        _ body: (UpstreamFixture) async throws -> Result
    ) async throws -> Result {
        var settings = UpstreamSettings(target: target)
        change(&settings)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let pool = try await loop.submit { [settings] in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return NIOLoopBound(UpstreamPool(eventLoop: loop, settings: settings, logger: logger), eventLoop: loop)
        }.get()
        let result: Result
        do { result = try await body(UpstreamFixture(loop: loop, pool: pool)) } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
        return result
    }

    static func run<Result>(
        port: Int,
        _ change: @Sendable (inout UpstreamSettings) -> Void = { _ in },
        _ body: (UpstreamFixture) async throws -> Result
    ) async throws -> Result {
        try await UpstreamFixture.run(to: .tcp(host: "127.0.0.1", port: port), change, body)
    }

    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (UpstreamPool) throws -> Result) async throws -> Result {
        try await self.loop.submit { try body(self.pool.value) }.get()
    }

    /// Sends a request; called on the loop.
    func send(_ head: OutgoingHead, to receiver: any UpstreamReceiver) -> UpstreamExchange {
        self.pool.value.send(head, receiver: receiver)
    }

    /// Runs `action` on the loop once a request waits for a connection; called on the loop.
    func whenSomebodyWaits(_ action: @escaping () -> Void) {
        if self.pool.value.pendingCount > 0 { return action() }
        self.loop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.whenSomebodyWaits(action) }
    }

    /// Shuts the pool down; called on the loop.
    func shutDown() { self.pool.value.shutdown() }

    /// Sends a request and returns what came of it; on the loop, `react` is called with each event, and
    /// `sent` when the call that sends has returned.
    func answer(
        _ method: WonkeyHTTP.Method = .get,
        _ path: String = "/",
        framing: BodyFraming = .none,
        react: @escaping Recorder.Reaction = { _, _ in },
        sent: @escaping @Sendable (UpstreamExchange) -> Void = { _ in }
    ) async throws -> String {
        try await self.loop.flatSubmit {
            let promise = self.loop.makePromise(of: String.self)
            let recorder = Recorder(react) { promise.succeed($0) }
            recorder.exchange = self.send(.request(method, path, framing), to: recorder)
            recorder.isSendOver = true
            recorder.exchange.map(sent)
            return promise.futureResult
        }.get()
    }

    /// Waits until the pool satisfies `condition`; `false` if it does not within ten seconds.
    func waits(for condition: @escaping @Sendable (UpstreamPool) -> Bool) async throws -> Bool {
        for _ in 0..<10_000 {
            if try await self.onLoop(condition) { return true }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }
}

/// Waits until `condition` holds; `false` if it does not within ten seconds.
func waits(for condition: () -> Bool) async throws -> Bool {
    for _ in 0..<10_000 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(1))
    }
    return false
}

extension OutgoingHead {
    /// A head with the framing's own field and no other.
    static func request(_ method: WonkeyHTTP.Method, _ path: String, _ framing: BodyFraming) -> OutgoingHead {
        let field =
            switch framing {
            case .none: ""
            case .length(let length): "Content-Length: \(length)\r\n"
            case .chunked: "Transfer-Encoding: chunked\r\n"
            }
        let bytes = ByteBuffer(string: "\(method.text) \(path) HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
        return OutgoingHead(bytes: bytes, method: method, framing: framing)
    }
}

/// What a receiver is told.
enum UpstreamEvent: Equatable {
    case ready, informational, head, body, ended
    case writable(Bool)
    case unwanted
    case failed(UpstreamFault)
}

/// Writes down what an upstream answers: `(103)200 length(2) hi|`, or `!fault` at its end.
final class Recorder: UpstreamReceiver {
    typealias Reaction = @Sendable (UpstreamEvent, Recorder) -> Void

    private(set) var text = ""
    /// Set once `send` has returned; earlier calls are marked `early`.
    var isSendOver = false
    var exchange: UpstreamExchange?
    private let react: Reaction
    private let done: (String) -> Void

    init(_ react: @escaping Reaction = { _, _ in }, done: @escaping (String) -> Void) {
        self.react = react
        self.done = done
    }

    private func note(_ text: String, _ event: UpstreamEvent) {
        self.text += self.isSendOver ? text : "early " + text
        self.react(event, self)
    }

    /// Ends the record where the exchange was cancelled.
    func finish(_ text: String) { self.done(self.text + text) }

    func connectionReady() { self.note("", .ready) }
    func informationalReceived(_ head: ResponseHead) { self.note("(\(head.status))", .informational) }
    func headReceived(_ head: ResponseHead, framing: BodyFraming) { self.note("\(head.status) \(framing) ", .head) }
    func bodyReceived(_ chunk: ByteBuffer) { self.note(String(buffer: chunk), .body) }
    func writabilityChanged(isWritable: Bool) { self.note("", .writable(isWritable)) }
    func requestBodyUnwanted() { self.note("[unwanted]", .unwanted) }

    func ended(trailers: FieldSection?) {
        self.note("|", .ended)
        self.done(self.text)
    }

    func failed(_ fault: UpstreamFault) {
        self.note("!\(fault)", .failed(fault))
        self.done(self.text)
    }
}
