import Foundation
import NIOCore
import NIOPosix
import Subprocess
import Synchronization
import SystemPackage

/// A PostgreSQL server with a data folder of its own, on a Unix socket and a free loopback port.
///
/// It ends with the program that started it, however that one ends: a shell that reads from us stands between, and
/// stops the server and removes the folder when there is nothing more to read. As root it runs as another user, because
/// PostgreSQL insists.
package final class PostgresServer: Sendable {
    /// PEM files with which a server takes TLS on its port.
    package struct Certificate: Sendable {
        package var certificateFile: String
        package var keyFile: String

        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// The server is not installed, did not start or refused something.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private struct Process: Sendable {
        var orders: AsyncStream<String>.Continuation
        var run: Task<Void, Never>
    }

    /// The superuser.
    package static let user = "wonkey"

    package let port: Int
    /// Where the socket, the data and the log are; belongs to the server's user.
    package let folder: String

    private let certificate: Certificate?
    private let programs: String
    private let process = Mutex<Process?>(nil)
    private let failure = Mutex<Failure?>(nil)

    private init(_ certificate: Certificate?) async throws {
        self.certificate = certificate
        self.port = try await FreePort.reserve()
        self.programs = try Self.findPrograms()
        let name = "wk-pg-" + String(UInt64.random(in: 0...(.max)), radix: 36)
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
    }

    /// Makes a server and waits until it answers.
    ///
    /// - Parameter certificate: Turns TLS on.
    /// - Returns: The server; end it with ``stop()``.
    /// - Throws: ``Failure``.
    package static func start(certificate: Certificate? = nil) async throws -> PostgresServer {
        let server = try await PostgresServer(certificate)
        try await server.run("initialize")
        return server
    }

    /// Starts the server again after ``kill()``, with its data.
    package func restart() async throws {
        try await self.run("keep")
    }

    /// Ends the server at once, as a crash would, and waits for its end; the data stay.
    package func kill() async {
        await self.end("kill")
    }

    /// Stops every process of the server where it is: it takes connections, as far as the system does, and never answers.
    package func pause() async throws {
        try await self.order("pause") { FileManager.default.fileExists(atPath: $0) }
    }

    /// Lets the server go on after ``pause()``.
    package func resume() async throws {
        try await self.order("resume") { !FileManager.default.fileExists(atPath: $0) }
    }

    /// Where a client on this machine connects to.
    package var socket: String { "\(self.folder)/.s.PGSQL.\(self.port)" }

    private func order(_ order: String, _ isDone: (_ mark: String) -> Bool) async throws {
        self.process.withLock { _ = $0?.orders.yield(order) }
        let deadline = ContinuousClock.now + .seconds(30)
        while !isDone(self.folder + "/paused") {
            guard ContinuousClock.now < deadline else { throw Failure(description: "PostgreSQL did not \(order)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Ends the server and removes its folder.
    package func stop() async {
        await self.end("stop")
    }

    /// The URL of one of its databases, through the socket.
    package func url(database: String, user: String = PostgresServer.user) -> String {
        "postgres://\(user)@/\(database)?host=\(self.folder)&port=\(self.port)"
    }

    /// Runs SQL through `psql`, each statement by itself.
    ///
    /// - Parameters:
    ///   - sql: The statements.
    ///   - database: Where.
    /// - Returns: What it prints: rows without headings, columns separated by `|`.
    /// - Throws: ``Failure`` with the server's message at the first statement refused.
    @discardableResult
    package func sql(_ sql: String, database: String = "postgres") async throws -> String {
        // From a file: a psql that ends before it read its input, because there is no server, would take us along.
        let file = try TemporaryDirectory()
        defer { file.remove() }
        try sql.write(toFile: file.file("script.sql"), atomically: false, encoding: .utf8)
        let result = try await Subprocess.run(
            .path(.init(self.programs + "/psql")),
            arguments: [
                "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", .init(file.file("script.sql")),
                .init(self.url(database: database)),
            ],
            output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 20)
        )
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "psql: \(result.standardError)")
        }
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    private func end(_ order: String) async {
        guard let process = self.process.withLock({ $0.take() }) else { return }
        process.orders.yield(order)
        process.orders.finish()
        await process.run.value
    }

    private func run(_ mode: String) async throws {
        let (orders, continuation) = AsyncStream.makeStream(of: String.self)
        let configuration = Configuration(
            executable: .path("/bin/sh"),
            arguments: Arguments([
                "-c", Self.script, "sh", mode, self.programs, self.folder, "\(self.port)", Self.unprivilegedUser,
                self.certificate?.certificateFile ?? "", self.certificate?.keyFile ?? "",
            ])
        )
        let run = Task {
            let failure: Failure
            do {
                let result = try await Subprocess.run(
                    configuration,
                    input: .inputWriter,
                    output: .discarded,
                    error: .string(limit: 1 << 20)
                ) { execution in
                    for await order in orders {
                        // Fails when the shell has ended already, which the result tells of.
                        _ = try? await execution.standardInputWriter.write(order + "\n")
                    }
                    try await execution.standardInputWriter.finish()
                }
                failure = Failure(description: "PostgreSQL ended: \(result.standardError)")
            } catch {
                failure = Failure(description: "PostgreSQL: \(error)")
            }
            self.failure.withLock { $0 = failure }
        }
        self.failure.withLock { $0 = nil }
        self.process.withLock { $0 = Process(orders: continuation, run: run) }
        try await self.waitUntilAnswering()
    }

    private func waitUntilAnswering() async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < deadline {
            if let failure = self.failure.withLock({ $0 }) { throw failure }
            // A process per look would keep a busy machine from ever starting the server.
            if await self.isListening(), (try? await self.sql("SELECT 1")) == "1" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Failure(description: "PostgreSQL did not answer")
    }

    private func isListening() async -> Bool {
        guard FileManager.default.fileExists(atPath: self.socket) else { return false }
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let channel = try? await bootstrap.connect(unixDomainSocketPath: self.socket).get()
        try? await channel?.close()
        return channel != nil
    }

    /// Who the server runs as if not as us.
    private static var unprivilegedUser: String {
        guard geteuid() == 0 else { return "" }
        return unsafe getpwnam("postgres") == nil ? "nobody" : "postgres"
    }

    /// The folder with `initdb`, `postgres` and `psql`: from PATH, or where Debian puts them.
    private static func findPrograms() throws -> String {
        let manager = FileManager.default
        let debian = ((try? manager.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
            .sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
            .map { "/usr/lib/postgresql/\($0)/bin" }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let found = (debian + path).first { folder in
            ["initdb", "postgres", "psql"].allSatisfy { manager.isExecutableFile(atPath: "\(folder)/\($0)") }
        }
        guard let found else {
            throw Failure(description: "PostgreSQL is not installed (Debian: apt-get install postgresql-15)")
        }
        return found
    }

    /// Speed before safety: what a test writes need not survive the machine.
    private static let script = """
        set -eu
        mode=$1 bin=$2 folder=$3 port=$4 user=$5 certificate=$6 key=$7
        trap '' INT TERM HUP
        as=
        [ -z "$user" ] || as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups --"
        if [ "$mode" = initialize ]; then
            mkdir -m 700 "$folder"
            [ -z "$user" ] || chown "$user" "$folder"
            cd "$folder"
            $as "$bin/initdb" -D "$folder/data" -U wonkey -A trust -E UTF8 --locale=C -N >&2
            if [ -n "$certificate" ]; then
                cp "$certificate" "$folder/server.crt"
                cp "$key" "$folder/server.key"
                chmod 600 "$folder/server.key"
                [ -z "$user" ] || chown "$user" "$folder/server.crt" "$folder/server.key"
            fi
        fi
        cd "$folder"
        set --
        [ -z "$certificate" ] || set -- -c ssl=on -c ssl_cert_file="$folder/server.crt" -c ssl_key_file="$folder/server.key"
        $as "$bin/postgres" -D "$folder/data" -k "$folder" -h 127.0.0.1 -p "$port" -c fsync=off -c full_page_writes=off \\
            -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off -c max_wal_size=4GB "$@" \\
            >>"$folder/log" 2>&1 </dev/null &
        server=$!
        tell() { kill "$1" "$server" $(cat "/proc/$server/task/$server/children" 2>/dev/null) 2>/dev/null || true; }
        while :; do
            read -r order || order=stop
            case $order in
            pause) tell -STOP && : >paused ;;
            resume) tell -CONT && rm -f paused ;;
            *) break ;;
            esac
        done
        kill -QUIT "$server" 2>/dev/null || true
        tell -CONT
        wait "$server" || true
        rm -f paused
        if [ "$order" = stop ]; then
            cd /
            rm -rf "$folder"
        fi
        """
}
