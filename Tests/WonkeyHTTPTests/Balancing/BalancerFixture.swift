import Logging
import NIOCore
import NIOPosix
import Support
import Synchronization
import WonkeyCore

@testable import WonkeyHTTP

/// A balancer on an event loop of its own, with a clock, a resolver and a prober the test holds.
struct BalancerFixture: Sendable {
    let loop: any EventLoop
    let monitor: UpstreamMonitor
    let clock: HeldClock
    let metrics: MetricsRegistry
    private let balancer: NIOLoopBound<UpstreamBalancer>

    /// Runs `body` with a balancer and stops it.
    ///
    /// - Parameters:
    ///   - ports: The targets', on 127.0.0.1.
    ///   - resolver: Asked by ``UpstreamMonitor/resolve()``.
    ///   - prober: Asked by ``UpstreamMonitor/check()``.
    ///   - change: Of the settings.
    ///   - body: Gets the fixture.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    static func run<Result>(
        ports: [Int],
        resolver: any NameResolver = ScriptedResolver(),
        prober: (any TargetProber)? = nil,
        _ change: @Sendable (inout BalancedUpstream) -> Void = { _ in },
        _ body: (BalancerFixture) async throws -> Result
    ) async throws -> Result {
        var upstream = BalancedUpstream(
            name: "api",
            targets: ports.map {
                TargetDefinition(place: .tcp(host: "127.0.0.1", port: $0), authority: "127.0.0.1:\($0)")
            },
            settings: UpstreamSettings(target: .tcp(host: "", port: 0))
        )
        change(&upstream)
        let clock = HeldClock()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let monitor = UpstreamMonitor(upstream, resolver: resolver, prober: prober, clock: clock, logger: logger)
        let registry = MetricsRegistry()
        let metrics = UpstreamMetrics(registry: registry)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let balancer = try await loop.submit {
            NIOLoopBound(
                UpstreamBalancer(eventLoop: loop, monitor: monitor, metrics: metrics, logger: logger),
                eventLoop: loop
            )
        }.get()
        let fixture = BalancerFixture(
            loop: loop,
            monitor: monitor,
            clock: clock,
            metrics: registry,
            balancer: balancer
        )
        let result: Result
        do { result = try await body(fixture) } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
        return result
    }

    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (UpstreamBalancer) -> Value) async throws -> Value {
        try await self.loop.submit { body(self.balancer.value) }.get()
    }

    /// Sends a request and returns what came of it: `200 A|`, or `!fault` at its end.
    func answer(
        _ method: WonkeyHTTP.Method = .get,
        framing: BodyFraming = .none,
        body: [String] = [],
        key: String? = nil
    ) async throws -> String {
        try await self.begin(method, framing: framing, body: body, key: key).result.get()
    }

    /// Sends a request and returns at once.
    func begin(
        _ method: WonkeyHTTP.Method = .get,
        framing: BodyFraming = .none,
        body: [String] = [],
        key: String? = nil
    ) async throws -> Sent {
        try await self.loop.submit {
            let promise = self.loop.makePromise(of: String.self)
            let receiver = Answer(body, promise)
            let exchange = self.balancer.value.send(
                .request(method, "/", framing),
                hash: key.map { StableHash.hash($0.utf8) },
                receiver: receiver
            )
            receiver.exchange = exchange
            return Sent(
                result: promise.futureResult,
                receiver: NIOLoopBound(receiver, eventLoop: self.loop),
                loop: self.loop
            )
        }.get()
    }

    /// Which targets answer, one request after the other, as the letters they send.
    func letters(_ count: Int, keys: [String] = []) async throws -> String {
        var letters = ""
        for index in 0..<count {
            let answer = try await self.answer(key: keys.isEmpty ? nil : keys[index])
            letters += answer.hasPrefix("200 ") ? answer.dropFirst(4).dropLast() : "-"
        }
        return letters
    }

    /// A line of the metrics without the prefix `wonkey_upstream_`.
    func metric(_ name: String) -> String? {
        let lines = self.metrics.render(.prometheus).split(separator: "\n").map(String.init)
        return lines.first { $0.hasPrefix("wonkey_upstream_\(name) ") }.map { String($0.split(separator: " ")[1]) }
    }

    /// A request that was sent.
    struct Sent: Sendable {
        let result: EventLoopFuture<String>
        fileprivate let receiver: NIOLoopBound<Answer>
        let loop: any EventLoop

        func cancel() async throws {
            try await self.loop.submit { self.receiver.value.cancel() }.get()
        }
    }
}

/// A clock that stands still until it is told to go on.
final class HeldClock: MonotonicClock {
    private let ms = Atomic<Int>(1_000_000)

    var nowMs: Int { self.ms.load(ordering: .relaxed) }

    func advance(by duration: Duration) {
        self.ms.add(Int(duration.milliseconds), ordering: .relaxed)
    }
}

/// Answers what the test says, or that there is no such name.
final class ScriptedResolver: NameResolver {
    let addresses = Mutex<Resolution<[IPAddress]>?>(nil)
    let services = Mutex<Resolution<[ServiceRecord]>?>(nil)

    func addresses(of host: String) async throws(ResolutionError) -> Resolution<[IPAddress]> {
        guard let answer = self.addresses.withLock(\.self) else { throw ResolutionError(.notFound, "no such name") }
        return answer
    }

    func services(of name: String) async throws(ResolutionError) -> Resolution<[ServiceRecord]> {
        guard let answer = self.services.withLock(\.self) else { throw ResolutionError(.notFound, "no such name") }
        return answer
    }

    /// Announces servers on 127.0.0.1.
    func announce(_ ports: [Int], timeToLive: Duration? = nil) {
        let records = ports.map { ServiceRecord(host: "127.0.0.1", port: $0, priority: 1, weight: 1) }
        self.services.withLock { $0 = Resolution(records, timeToLive: timeToLive) }
    }
}

/// Sends a body when it is asked for one and writes down the answer.
private final class Answer: UpstreamReceiver {
    var exchange: BalancedExchange?
    private let body: [String]
    private var text = ""
    private let promise: EventLoopPromise<String>

    init(_ body: [String], _ promise: EventLoopPromise<String>) {
        self.body = body
        self.promise = promise
    }

    func cancel() {
        self.exchange?.cancel()
        self.exchange = nil
        self.promise.succeed(self.text + "cancelled")
    }

    func connectionReady() {
        self.text += self.text.isEmpty ? "" : "[ready twice]"
        for chunk in self.body { self.exchange?.write(ByteBuffer(string: chunk)) }
        self.exchange?.end()
    }

    func informationalReceived(_ head: ResponseHead) { self.text += "(\(head.status))" }
    func headReceived(_ head: ResponseHead, framing: BodyFraming) { self.text += "\(head.status) " }
    func bodyReceived(_ chunk: ByteBuffer) { self.text += String(buffer: chunk) }
    func writabilityChanged(isWritable: Bool) {}
    func requestBodyUnwanted() {}

    func ended(trailers: FieldSection?) {
        self.exchange = nil
        self.promise.succeed(self.text + "|")
    }

    func failed(_ fault: UpstreamFault) {
        self.exchange = nil
        self.promise.succeed(self.text + "!\(fault)")
    }
}

extension [OriginServer.Step] {
    /// Answers every request with one letter.
    static func answering(_ letter: String) -> Self {
        [.await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(letter)"), .repeat]
    }

    /// Answers every request with a status and no body.
    static func refusing(_ status: Int) -> Self {
        [.await("\r\n\r\n"), .send("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n"), .repeat]
    }

    /// Takes a request and breaks off.
    static let resetting: Self = [.await("\r\n\r\n"), .reset]
}
