import Foundation
import NIOCore
import NIOPosix
import Subprocess
import Synchronization
import SystemPackage
package import Testing

/// A private `redis-server` on a Unix socket and a free loopback port, without persistence.
package final class RedisServer: Sendable {
    package struct Options: Sendable {
        /// Asked of every client, also of ``RedisServer/command(_:)``'s.
        package var password: String?
        /// Opens ``RedisServer/tlsPort`` with a certificate made for the occasion.
        package var tls: Bool

        package init(password: String? = nil, tls: Bool = false) {
            self.password = password
            self.tls = tls
        }
    }

    /// The server is not installed, did not start or did not answer.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// The server of the running test, made by the trait ``Testing/Trait/redis``.
    @TaskLocal package static var current: RedisServer?

    private struct Order: Sendable {
        var signal: Signal
        var sent: CheckedContinuation<Void, Never>?
    }

    private struct Process: Sendable {
        var signals: AsyncStream<Order>.Continuation
        var run: Task<Void, Never>
    }

    package let socketPath: String
    package let port: Int
    /// 0 without TLS.
    package let tlsPort: Int
    package let options: Options
    /// PEM file that the server's certificate is verified with, for `localhost` and `127.0.0.1`.
    package var certificateFile: String { self.directory.file("certificate.pem") }

    private let directory: TemporaryDirectory
    private let process = Mutex<Process?>(nil)
    private let failure = Mutex<Failure?>(nil)

    fileprivate init(_ options: Options, in directory: TemporaryDirectory) async throws {
        self.options = options
        self.directory = directory
        self.socketPath = directory.file("redis.sock")
        self.port = try await FreePort.reserve()
        self.tlsPort = options.tls ? try await FreePort.reserve() : 0
        if options.tls { try await self.makeCertificate() }
        try await self.start()
    }

    /// `redis://…` of the plain port, with the password, database 0.
    package var url: String {
        "redis://\(self.options.password.map { ":\($0)@" } ?? "")127.0.0.1:\(self.port)/0"
    }

    /// Stops the process without ending it (`SIGSTOP`): connections stay open and nothing is answered.
    package func pause() async throws { try await self.send(.suspend) }

    /// Lets a paused process go on.
    package func resume() async throws { try await self.send(.resume) }

    /// Ends the process at once (`SIGKILL`) and waits for its end; all counters are lost.
    package func kill() async {
        guard let process = self.process.withLock({ $0.take() }) else { return }
        process.signals.yield(Order(signal: .kill))
        process.signals.finish()
        await process.run.value
    }

    /// Starts the process again after ``kill()``, on the same addresses, and waits until it answers.
    package func start() async throws {
        let (signals, continuation) = AsyncStream.makeStream(of: Order.self)
        let configuration = Configuration(executable: .name("redis-server"), arguments: Arguments(self.arguments))
        let run = Task {
            do {
                _ = try await Subprocess.run(configuration, input: .none, output: .discarded, error: .discarded) {
                    execution in
                    for await order in signals {
                        defer { order.sent?.resume() }
                        try execution.send(signal: order.signal)
                    }
                }
                return
            } catch let error as SubprocessError where error.code == .executableNotFound {
                let hint = "redis-server is not installed (Debian: apt-get install redis-server)"
                self.failure.withLock { $0 = Failure(description: hint) }
            } catch {
                self.failure.withLock { $0 = Failure(description: "redis-server: \(error)") }
            }
        }
        self.process.withLock { $0 = Process(signals: continuation, run: run) }
        try await self.waitUntilAnswering()
    }

    /// Runs one command through `redis-cli`.
    ///
    /// - Returns: What it prints, without the last line break.
    /// - Throws: ``Failure`` if it exits with an error.
    @discardableResult
    package func command(_ arguments: String...) async throws -> String {
        let password = self.options.password.map { ["--no-auth-warning", "-a", $0] } ?? []
        let result = try await Subprocess.run(
            .name("redis-cli"),
            arguments: Arguments(["-s", self.socketPath, "-e"] + password + arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 16)
        )
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "redis-cli: \(result.standardOutput) \(result.standardError)")
        }
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    /// Returns when the signal was sent, not only ordered.
    private func send(_ signal: Signal) async throws {
        let process = self.process.withLock { $0 }
        guard let process else { throw Failure(description: "the server does not run") }
        await withCheckedContinuation { process.signals.yield(Order(signal: signal, sent: $0)) }
    }

    private var arguments: [String] {
        var arguments = [
            "--bind", "127.0.0.1", "--port", "\(self.port)", "--unixsocket", self.socketPath, "--save", "",
            "--appendonly", "no", "--dir", self.directory.path, "--loglevel", "warning",
        ]
        if let password = self.options.password { arguments += ["--requirepass", password] }
        if self.options.tls {
            arguments += [
                "--tls-port", "\(self.tlsPort)", "--tls-cert-file", self.certificateFile, "--tls-key-file",
                self.directory.file("key.pem"), "--tls-ca-cert-file", self.certificateFile, "--tls-auth-clients", "no",
            ]
        }
        return arguments
    }

    private func isListening() async -> Bool {
        guard FileManager.default.fileExists(atPath: self.socketPath) else { return false }
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let channel = try? await bootstrap.connect(unixDomainSocketPath: self.socketPath).get()
        try? await channel?.close()
        return channel != nil
    }

    private func waitUntilAnswering() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let failure = self.failure.withLock({ $0 }) { throw failure }
            // A process per look would keep a busy machine from ever starting the server.
            if await self.isListening(), (try? await self.command("PING")) == "PONG" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Failure(description: "redis-server did not answer")
    }

    private func makeCertificate() async throws {
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                .init(self.directory.file("key.pem")), "-out", .init(self.certificateFile),
            ],
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "openssl: \(result.standardError)")
        }
    }
}

/// Runs `body` with a server of its own and ends the server afterwards, whatever happens.
///
/// - Parameters:
///   - options: Password and TLS.
///   - body: Gets the running server.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or ``RedisServer/Failure`` if there is no server.
package func withRedisServer<Value>(
    _ options: RedisServer.Options = .init(),
    _ body: (RedisServer) async throws -> Value
) async throws -> Value {
    try await withTemporaryDirectory { directory in
        let server = try await RedisServer(options, in: directory)
        do {
            let value = try await body(server)
            await server.kill()
            return value
        } catch {
            await server.kill()
            throw error
        }
    }
}

/// Gives every test it is put on a Redis of its own; see ``RedisServer/current``.
package struct RedisTrait: TestTrait, SuiteTrait, TestScoping {
    let options: RedisServer.Options

    package var isRecursive: Bool { true }

    @concurrent
    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withRedisServer(self.options) { server in
            try await RedisServer.$current.withValue(server) { try await function() }
        }
    }
}

extension Trait where Self == RedisTrait {
    /// A private Redis for each test case, ended afterwards; without `redis-server` the test fails.
    package static var redis: Self { .redis() }

    /// A private Redis with a password or TLS.
    package static func redis(_ options: RedisServer.Options = .init()) -> Self { Self(options: options) }
}
