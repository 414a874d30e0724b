import Foundation
import NIOCore
import Support
import Synchronization
import Testing

@Suite("Restarts, end to end", .temporaryDirectory, .serialized)
struct RestartTests {
    private func deployment(
        server: String = "",
        routes: String = "",
        slow: String = "http://127.0.0.1:1"
    ) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            logs: "logs: {spool: {directory: \"DIRECTORY/spool-${INSTANCE:-0}\"}}",
            """
            counters: {url: "memory:"}
            limits:
              main: {algorithm: fixed-window, limit: 1000000, window: 1h, by: client-address}
            upstreams:
              slow: {url: "\(slow)"}
            server: {\(server)}
            routes:
              - {name: ping, match: {path: /ping}, authentication: none, respond: {body: pong}, limits: [main]}
              \(routes)
            """
        )
    }

    @Test(
        "under constant load 20 restarts and 100 reloads fail no request",
        arguments: [("inherit", ""), ("share", "reuse_port: true, ")]
    )
    func run(mode: String, server: String) async throws {
        // Clients ask on at once, unless the machine keeps them from it: no idle connection is closed before they do.
        let deployment = try await self.deployment(server: server + "drain: {idle: 20s, timeout: 30s}")
        let load = RestartLoad(port: deployment.port)
        let supervisor = BuiltProduct(path: "/usr/bin/env")
        let directory = deployment.directory.path
        let outcome = try await withThrowingTaskGroup(of: BuiltProduct.Outcome?.self) { group in
            group.addTask {
                try await supervisor.run(
                    ["python3", "-c", Self.supervisor, mode, try BuiltProduct("wonkey").path]
                        + [deployment.configurations[0], directory, "\(deployment.port)", "20", "5"],
                    within: .seconds(400)
                )
            }
            group.addTask {
                // Whoever comes before the first process has nobody to ask.
                try await eventually("first start") { FileManager.default.fileExists(atPath: directory + "/started") }
                await load.run(keepAlive: 3, fresh: 3)
                // The last process stays as long as somebody asks.
                try Data().write(to: URL(fileURLWithPath: directory + "/unloaded"))
                return nil
            }
            group.addTask {
                defer { load.stop() }
                // Restarts as close together as that meet the same first packets again and again.
                for index in 1...20 {
                    try await eventually("restarted") {
                        FileManager.default.fileExists(atPath: directory + "/restarted-\(index)")
                    }
                    try await load.everyoneIsAnswered()
                    try Data().write(to: URL(fileURLWithPath: directory + "/answered-\(index)"))
                }
                return nil
            }
            return try await group.reduce(nil) { $0 ?? $1 }
        }
        #expect(outcome?.status == 0, "\(outcome?.standardError ?? "")")
        #expect(outcome?.standardOutput == "20 restarts, 100 reloads, exit statuses [0]\n")
        let counts = load.counts
        #expect(counts.keys.sorted() == [200], "\(counts), \(load.reasons)")
        #expect(counts[200] ?? 0 > 500)
    }

    @Test("a socket that a listener names must be passed; one that fits by address needs no name")
    func named() async throws {
        let deployment = try await self.deployment()
        let file = deployment.configurations[0]
        try deployment.rewrite {
            $0.replacingOccurrences(of: "\"127.0.0.1:\(deployment.port)\"", with: "127.0.0.1:1, socket: public")
        }
        let outcome = try await BuiltProduct("wonkey").run(["run", "--config", file])
        #expect(outcome.status == 1)
        #expect(
            outcome.standardError.contains("a listener takes the socket 'public', and none of that name was passed")
        )
        // The process listens where the socket does, not at the address of the file.
        for name in ["answered-1", "unloaded"] {
            try Data().write(to: URL(fileURLWithPath: deployment.directory.file(name)))
        }
        let supervised = try await BuiltProduct(path: "/usr/bin/env").run(
            ["python3", "-c", Self.supervisor, "inherit", try BuiltProduct("wonkey").path, file]
                + [deployment.directory.path, "\(deployment.port)", "1", "1"]
        )
        #expect(supervised.status == 0, "\(supervised.standardError)")
    }

    @Test("SIGTERM: readiness goes first, whoever connects during the delay is served, then each answer is the last")
    func drain() async throws {
        let origin = try await OriginServer.start([
            .await("\r\n\r\n"), .await("go"), .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), .repeat,
        ])
        let deployment = try await self.deployment(
            server: "drain: {delay: 3s, timeout: 30s}",
            routes: "- {name: slow, match: {path: /slow}, proxy: slow, authentication: none}",
            slow: "http://127.0.0.1:\(origin.port)"
        )
        let outcomes = try await deployment.serving { proxies in
            let slow = try await RawClient.connect(port: deployment.port)
            try await slow.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
            let idle = try await RawClient.connect(port: deployment.port)
            try await idle.send("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await idle.read { text, isClosed in isClosed || text.hasSuffix("pong") }
            try await eventually("under way") { origin.connectionCount > 0 }
            proxies.drain()
            try await eventually("not ready") { try await deployment.ready().status == 503 }
            try await withTestClient(port: deployment.port) { client in
                let answer = try await client.send("GET", "/ping")
                #expect(answer.status == 200 && answer.header("Connection") == nil)
            }
            try await eventually("closed") {
                guard let client = try? await RawClient.connect(port: deployment.port) else { return true }
                await client.close()
                return false
            }
            try await idle.send("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
            let last = try await idle.readToEnd()
            #expect(last.hasSuffix("pong") && last.contains("onnection: close"))
            try await slow.send("go")
            let answer = try await slow.readToEnd()
            #expect(answer.hasSuffix("hi") && answer.contains("onnection: close"))
        }
        #expect(outcomes.map(\.status) == [0])
        await origin.stop()
    }

    @Test("requests that outlast server.drain.timeout are cut off, and the exit status says so")
    func deadline() async throws {
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .await("never")])
        let deployment = try await self.deployment(
            server: "drain: {timeout: 300ms}",
            routes: "- {name: slow, match: {path: /slow}, proxy: slow, authentication: none}",
            slow: "http://127.0.0.1:\(origin.port)"
        )
        let outcomes = try await deployment.serving { proxies in
            let slow = try await RawClient.connect(port: deployment.port)
            try await slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("under way") { origin.connectionCount > 0 }
            proxies.drain()
            #expect(try await slow.readToEnd() == "")
        }
        #expect(outcomes.map(\.status) == [1])
        #expect(outcomes[0].standardError.contains("stopped with requests unanswered"))
        await origin.stop()
    }

    /// A service manager: starts processes with the socket they inherit or share, waits for READY=1, reloads with SIGHUP
    /// and restarts with SIGTERM.
    private static let supervisor = #"""
        import os, signal, socket, sys, time
        mode, program, config, directory, port, restarts, reloads = sys.argv[1:8]
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(directory + "/notify")
        notify.settimeout(60)
        listener = None
        if mode == "inherit":
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", int(port)))
            listener.listen(4096)
        running = []

        def expect(word):
            while True:
                lines = notify.recv(4096).decode().split("\n")
                if word in lines:
                    return lines

        def wait(name):
            while not os.path.exists(directory + "/" + name):
                time.sleep(0.02)

        def start(index):
            child = os.fork()
            if child == 0:
                try:
                    log = os.open("%s/log-%d" % (directory, index), os.O_CREAT | os.O_WRONLY, 0o600)
                    os.dup2(log, 2)
                    environment = dict(os.environ, NOTIFY_SOCKET=directory + "/notify", INSTANCE=str(index))
                    if listener:
                        os.dup2(listener.fileno(), 3)
                        os.set_inheritable(3, True)
                        environment.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="public")
                    os.execve(program, [program, "run", "--config", config], environment)
                finally:
                    os._exit(127)
            running.append(child)
            expect("READY=1")
            return child

        def stop(child):
            os.kill(child, signal.SIGTERM)
            running.remove(child)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        def reload(child, number):
            text = open(config).read()
            with open(config + ".new", "w") as file:
                file.write(text + "# %d\n" % number)
            os.rename(config + ".new", config)
            os.kill(child, signal.SIGHUP)
            lines = expect("RELOADING=1")
            assert any(line.startswith("MONOTONIC_USEC=") for line in lines), lines
            expect("READY=1")

        count = 0
        statuses = set()
        try:
            current = start(0)
            open(directory + "/started", "w").close()
            for index in range(1, int(restarts) + 1):
                if listener:
                    statuses.add(stop(current))
                    current = start(index)
                else:
                    previous, current = current, start(index)
                    statuses.add(stop(previous))
                for _ in range(int(reloads)):
                    count += 1
                    reload(current, count)
                open("%s/restarted-%d" % (directory, index), "w").close()
                wait("answered-%d" % index)
            wait("unloaded")
            statuses.add(stop(current))
        finally:
            for child in running:
                os.kill(child, signal.SIGKILL)
        print("%s restarts, %d reloads, exit statuses %s" % (restarts, count, sorted(statuses)))
        """#
}

/// Asks for `/ping` until it is stopped, on connections that stay open and on fresh ones.
private final class RestartLoad: Sendable {
    private let port: Int
    private let isStopped = Atomic<Bool>(false)
    private let state = Mutex<[Int: Int]>([:])
    /// Answers by client.
    private let answers = Mutex<[Int: Int]>([:])
    /// Why requests had no answer.
    private let failures = Mutex<[String]>([])

    init(port: Int) {
        self.port = port
    }

    /// Waits until each client has had an answer from now on.
    func everyoneIsAnswered() async throws {
        let before = self.answers.withLock(\.self)
        try await eventually("answered") {
            let now = self.answers.withLock(\.self)
            return !before.isEmpty && before.allSatisfy { now[$0.key, default: 0] > $0.value + 1 }
        }
    }

    /// How often each status came; 0 stands for a request without an answer.
    var counts: [Int: Int] { self.state.withLock(\.self) }

    /// Why requests had no answer.
    var reasons: [String] { self.failures.withLock(\.self) }

    func stop() { self.isStopped.store(true, ordering: .relaxed) }

    func run(keepAlive: Int, fresh: Int) async {
        await withDiscardingTaskGroup { group in
            for client in 0..<(keepAlive + fresh) {
                self.answers.withLock { $0[client] = 0 }
                group.addTask {
                    await self.ask(client) { client >= keepAlive || $0.header("Connection") == "close" }
                }
            }
        }
    }

    /// Asks on one connection after the other; `isLast` tells when one is over.
    private func ask(_ client: Int, until isLast: @escaping @Sendable (TestResponse) -> Bool) async {
        while !self.isStopped.load(ordering: .relaxed) {
            do {
                try await withTestClient(port: self.port) { connection in
                    while !self.isStopped.load(ordering: .relaxed) {
                        let answer = try await connection.send("GET", "/ping")
                        self.answers.withLock { $0[client, default: 0] += 1 }
                        self.state.withLock { $0[answer.status, default: 0] += 1 }
                        if isLast(answer) { return }
                    }
                }
            } catch {
                self.state.withLock { $0[0, default: 0] += 1 }
                self.failures.withLock { $0.append("client \(client): \(error)") }
            }
        }
    }
}
