import Foundation
import NIOCore
import NIOPosix
import Support
import Synchronization

/// A folder with a configuration and a store, and the two programs run on them as an operator would.
struct Deployment: Sendable {
    let directory: TemporaryDirectory
    /// Of each proxy the public port, then the operations port.
    let ports: [(proxy: Int, operations: Int)]
    let configurations: [String]
    let environment: [String: String?]
    private let sidecar: BuiltProduct
    let admin: BuiltProduct

    struct Failure: Error {
        var message: String
    }

    /// Writes the configuration of each proxy and migrates the store.
    ///
    /// - Parameters:
    ///   - directory: Everything is in it.
    ///   - proxies: How many share the store and the counters.
    ///   - store: The store's URL; a SQLite file in the folder by default.
    ///   - limits: What follows the URL in the `store` section, behind a comma.
    ///   - environment: Of both programs.
    ///   - tls: The public listeners' `tls` section, in braces; `DIRECTORY` stands for the folder.
    ///   - listener: Further settings of the public listeners, without braces.
    ///   - logs: The `logs` section; `INDEX` stands for the proxy's number.
    ///   - body: What follows listeners, operations, store and logs in the YAML; `DIRECTORY` stands for the folder.
    /// - Throws: What went wrong, with the programs' own words.
    init(
        in directory: TemporaryDirectory,
        proxies: Int = 1,
        store: String = "sqlite:DIRECTORY/wonkey.db",
        limits: String = "",
        environment: [String: String?] = [:],
        tls: String? = nil,
        listener: String = "",
        logs: String = "logs: {batch: {rows: 100, every: 20ms}, spool: {directory: DIRECTORY/spool-INDEX}}",
        _ body: String
    ) async throws {
        self.directory = directory
        self.environment = environment
        self.sidecar = try BuiltProduct("wonkey")
        self.admin = try BuiltProduct("wonkey-admin")
        var ports: [(proxy: Int, operations: Int)] = []
        for _ in 0..<proxies {
            ports.append((proxy: try await FreePort.reserve(), operations: try await FreePort.reserve()))
        }
        self.ports = ports
        var configurations: [String] = []
        for (index, ports) in self.ports.enumerated() {
            let text = """
                version: 1
                listeners:
                  - {address: "127.0.0.1:\(ports.proxy)"\(tls.map { ", tls: \($0)" } ?? "")\(listener.isEmpty ? "" : ", " + listener)}
                operations: {address: 127.0.0.1:\(ports.operations)}
                store: {url: "\(store)"\(limits)}
                \(logs)
                \(body)

                """
                .replacingOccurrences(of: "DIRECTORY", with: directory.path)
                .replacingOccurrences(of: "INDEX", with: "\(index)")
            let file = directory.file("wonkey-\(index).yaml")
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            configurations.append(file)
        }
        self.configurations = configurations
        try await self.admin("migrate")
    }

    var port: Int { self.ports[0].proxy }

    /// Runs `wonkey-admin` and expects it to succeed.
    ///
    /// - Returns: Its standard output.
    @discardableResult
    func admin(_ arguments: String..., input: String = "") async throws -> String {
        let outcome = try await self.admin.run(
            ["--config", self.configurations[0]] + arguments,
            input: input,
            environment: self.environment
        )
        guard outcome.status == 0 else {
            throw Failure(message: "wonkey-admin \(arguments): \(outcome.status) \(outcome.standardError)")
        }
        return outcome.standardOutput
    }

    /// Runs `wonkey-admin --output json` and reads one member of the object it prints.
    func admin(member: String, _ arguments: String...) async throws -> String {
        let outcome = try await self.admin.run(
            ["--config", self.configurations[0], "--output", "json"] + arguments,
            environment: self.environment
        )
        let object = try JSONSerialization.jsonObject(with: Data(outcome.standardOutput.utf8)) as? [String: Any]
        guard outcome.status == 0, let value = object?[member] else {
            throw Failure(message: "wonkey-admin \(arguments): \(outcome.status) \(outcome.standardError)")
        }
        return "\(value)"
    }

    /// Makes the project `shop` and a key in it.
    func issueKey(_ arguments: String...) async throws -> IssuedKey {
        let projects = try await self.admin("--output", "json", "project", "list")
        if !projects.contains("\"shop\"") { try await self.admin("project", "create", "shop") }
        let outcome = try await self.admin.run(
            ["--config", self.configurations[0], "--output", "json", "key", "create", "--project", "shop"]
                + ["--name", "test"] + arguments,
            environment: self.environment
        )
        let object = try JSONSerialization.jsonObject(with: Data(outcome.standardOutput.utf8)) as? [String: Any]
        guard let id = object?["id"] as? String, let key = object?["key"] as? String else {
            throw Failure(message: "key create: \(outcome.status) \(outcome.standardError)")
        }
        return IssuedKey(id: id, key: key)
    }

    /// How many log records the project `shop` has.
    func logCount(_ arguments: String...) async throws -> Int {
        let text = try await self.admin.run(
            ["--config", self.configurations[0], "--output", "json", "logs", "--project", "shop", "--count"]
                + arguments,
            environment: self.environment
        ).standardOutput
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        guard let count = object?["count"] as? Int else { throw Failure(message: text) }
        return count
    }

    /// Runs every proxy, waits until each is ready, and stops them with SIGTERM after `body`.
    ///
    /// - Parameter body: Runs while they serve; may signal them by index.
    /// - Returns: How each ended.
    /// - Throws: What `body` throws, or why a proxy did not run.
    @discardableResult
    func serving(
        _ body: @escaping @Sendable (RunningProxies) async throws -> Void
    ) async throws -> [BuiltProduct.Outcome] {
        await DeploymentSlots.shared.take()
        do {
            let outcomes = try await self.run(body)
            await DeploymentSlots.shared.giveBack()
            return outcomes
        } catch {
            await DeploymentSlots.shared.giveBack()
            throw error
        }
    }

    private func run(
        _ body: @escaping @Sendable (RunningProxies) async throws -> Void
    ) async throws -> [BuiltProduct.Outcome] {
        let proxies = RunningProxies(deployment: self)
        return try await withThrowingTaskGroup(of: (Int, BuiltProduct.Outcome)?.self) { group in
            for (index, file) in self.configurations.enumerated() {
                group.addTask {
                    let outcome = try await self.sidecar.run(
                        ["run", "--config", file],
                        environment: self.environment,
                        within: .seconds(120)
                    ) { program in
                        for await signal in proxies.signals[index].stream { try? program.signal(signal) }
                        while let line = try await program.nextLine() { proxies.collect(line) }
                    }
                    return (index, outcome)
                }
            }
            group.addTask {
                defer { proxies.stop() }
                for ports in self.ports { try await self.waitUntilReady(ports.operations) }
                try await body(proxies)
                return nil
            }
            var outcomes: [Int: BuiltProduct.Outcome] = [:]
            do {
                for try await ended in group {
                    if let (index, outcome) = ended { outcomes[index] = outcome }
                }
            } catch {
                proxies.stop()
                throw error
            }
            return outcomes.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func waitUntilReady(_ port: Int) async throws {
        try await eventually("ready") { try await self.ready(port).status == 200 }
    }

    private func ready(_ port: Int) async throws -> TestResponse {
        try await withTestClient(port: port) { try await $0.send("GET", "/ready") }
    }

    /// Sends the same request to the first proxy over several connections at once and counts the statuses.
    func load(connections: Int, requests: Int, _ key: IssuedKey) async -> [Int: Int] {
        await Support.load(
            ports: [self.port],
            connections: connections,
            requests: requests,
            path: "/",
            headers: key.headers
        )
    }

    /// Asks `/ready` of a proxy.
    func ready(proxy index: Int = 0) async throws -> TestResponse {
        try await self.ready(self.ports[index].operations)
    }

    /// The value of a metric line that begins with `name`.
    func metric(_ name: String, proxy index: Int = 0) async throws -> Double? {
        let text = try await withTestClient(port: self.ports[index].operations) { client in
            try await client.send("GET", "/metrics").text
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}

/// A key as `key create` printed it.
struct IssuedKey: Sendable {
    var id: String
    var key: String

    var headers: [(String, String)] { [("Authorization", "Bearer \(self.key)")] }
}

/// Lets a test signal proxies while they run.
struct RunningProxies: Sendable {
    typealias Signals = (
        stream: AsyncStream<RunningProgram.Signal>,
        entrance: AsyncStream<RunningProgram.Signal>.Continuation
    )

    let signals: [Signals]
    private let printed = Collected()

    /// What the proxies printed to standard output; complete once they have ended.
    var lines: [String] { self.printed.lines.withLock(\.self) }

    private final class Collected: Sendable {
        let lines = Mutex<[String]>([])
    }

    init(deployment: Deployment) {
        self.signals = deployment.ports.map { _ in
            let (stream, entrance) = AsyncStream.makeStream(of: RunningProgram.Signal.self)
            return (stream: stream, entrance: entrance)
        }
    }

    func collect(_ line: String) {
        self.printed.lines.withLock { $0.append(line) }
    }

    func signal(_ signal: RunningProgram.Signal, proxy index: Int = 0) {
        self.signals[index].entrance.yield(signal)
    }

    /// SIGTERM to one, and no second one at the end: it ends by itself.
    func drain(proxy index: Int = 0) {
        self.signals[index].entrance.yield(.terminate)
        self.signals[index].entrance.finish()
    }

    /// SIGTERM to all, and no further signals.
    func stop() {
        for signals in self.signals {
            signals.entrance.yield(.terminate)
            signals.entrance.finish()
        }
    }
}

/// Lets few deployments run at a time: all at once they would only wait for each other, beyond every timeout.
private actor DeploymentSlots {
    static let shared = DeploymentSlots()

    private var free = 2
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        if self.free > 0 {
            self.free -= 1
        } else {
            await withCheckedContinuation { self.waiting.append($0) }
        }
    }

    func giveBack() {
        if self.waiting.isEmpty { self.free += 1 } else { self.waiting.removeFirst().resume() }
    }
}

/// Waits until a condition holds, looking every 20 ms for at most 60 s.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if (try? await condition()) == true { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw Deployment.Failure(message: "not \(what) within 60 s")
}
