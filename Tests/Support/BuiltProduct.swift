import Foundation
import Subprocess
import SystemPackage

/// A program of this package, as the build that runs the tests made it.
///
/// A test target that uses one names its executable target as a dependency, so that it is built.
package struct BuiltProduct: Sendable {
    /// How a program ended and all it wrote.
    package struct Outcome: Equatable, Sendable {
        /// The exit code, or 128 + n if signal n ended it, as a shell says it.
        package var status: Int32
        package var standardOutput: String
        package var standardError: String

        package init(status: Int32, standardOutput: String = "", standardError: String = "") {
            self.status = status
            self.standardOutput = standardOutput
            self.standardError = standardError
        }
    }

    /// The program is not there, or did not end in time.
    package struct Failure: Error {
        package var message: String
    }

    package let path: String

    /// Finds `wonkey` or `wonkey-admin` beside the test program.
    package init(_ name: String) throws {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        var directory = program.deletingLastPathComponent()
        // Where tests live in a bundle, the products lie a few directories above the test program.
        for _ in 0..<4 {
            let candidate = directory.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: candidate) {
                self.path = candidate
                return
            }
            directory.deleteLastPathComponent()
        }
        throw Failure(message: "no program \(name) near \(program.path)")
    }

    /// Takes a program from elsewhere, such as a shell.
    package init(path: String) {
        self.path = path
    }

    /// Runs the program to its end.
    ///
    /// The environment is the tests' own, without `WONKEY_*`, `NO_COLOR` and `TERM`.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - input: All of its standard input.
    ///   - environment: Variables to set, or with `nil` to remove.
    ///   - directory: Where it runs; the tests' own if `nil`.
    ///   - limit: After this long it is killed.
    /// - Returns: How it ended, whatever the status.
    /// - Throws: ``Failure`` after `limit`.
    package func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String?] = [:],
        directory: String? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> Outcome {
        let configuration = self.configuration(arguments, environment, directory)
        // From a file: a program that ends before it has read a pipe would take us along.
        let file = try TemporaryDirectory()
        defer { file.remove() }
        try input.write(toFile: file.file("input"), atomically: false, encoding: .utf8)
        let descriptor = try FileDescriptor.open(FilePath(file.file("input")), .readOnly)
        return try await self.limited(limit) {
            let result = try await Subprocess.run(
                configuration,
                input: .fileDescriptor(descriptor, closeAfterSpawningProcess: true),
                output: .string(limit: 16 << 20),
                error: .string(limit: 16 << 20)
            )
            return Outcome(
                status: Self.status(result.terminationStatus),
                standardOutput: result.standardOutput,
                standardError: result.standardError
            )
        }
    }

    /// Starts the program, lets `body` read its lines and send signals, and waits for its end.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - environment: Variables to set, or with `nil` to remove.
    ///   - directory: Where it runs; the tests' own if `nil`.
    ///   - limit: After this long it is killed.
    ///   - body: Must see to it that the program ends, by a signal or otherwise.
    /// - Returns: How it ended; its standard output went to `body` and is left out.
    /// - Throws: ``Failure`` after `limit`, and what `body` throws; the program is dead in both cases.
    package func run(
        _ arguments: [String],
        environment: [String: String?] = [:],
        directory: String? = nil,
        within limit: Duration = .seconds(60),
        body: @escaping @Sendable (RunningProgram) async throws -> Void
    ) async throws -> Outcome {
        let configuration = self.configuration(arguments, environment, directory)
        return try await self.limited(limit) {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .sequence,
                error: .string(limit: 16 << 20)
            ) { execution in
                let program = RunningProgram(
                    lines: execution.standardOutput.strings().makeAsyncIterator(),
                    send: { try execution.send(signal: $0) }
                )
                try await body(program)
            }
            return Outcome(
                status: Self.status(result.terminationStatus),
                standardError: result.standardError
            )
        }
    }

    private func configuration(
        _ arguments: [String],
        _ environment: [String: String?],
        _ directory: String?
    ) -> Configuration {
        var changes: [Environment.Key: String?] = ["NO_COLOR": nil, "TERM": nil]
        for name in ProcessInfo.processInfo.environment.keys where name.hasPrefix("WONKEY_") {
            changes.updateValue(nil, forKey: Environment.Key(stringLiteral: name))
        }
        for (name, value) in environment { changes.updateValue(value, forKey: Environment.Key(stringLiteral: name)) }
        return Configuration(
            executable: .path(.init(self.path)),
            arguments: Arguments(arguments),
            environment: .inherit.updating(changes),
            workingDirectory: directory.map { .init($0) }
        )
    }

    /// Cancels `work`, which kills its process, after `limit`.
    private func limited(
        _ limit: Duration,
        _ work: @escaping @Sendable () async throws -> Outcome
    ) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let outcome = try await group.next() ?? nil else {
                throw Failure(message: "\(self.path) did not end within \(limit)")
            }
            return outcome
        }
    }

    private static func status(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

/// A program while it runs; used by one task at a time.
package final class RunningProgram {
    package enum Signal: Sendable { case interrupt, terminate, kill, hangUp }

    private var lines: SubprocessOutputSequence.StringSequence<UTF8>.AsyncIterator
    private let send: (Subprocess.Signal) throws -> Void

    fileprivate init(
        lines: SubprocessOutputSequence.StringSequence<UTF8>.AsyncIterator,
        send: @escaping (Subprocess.Signal) throws -> Void
    ) {
        self.lines = lines
        self.send = send
    }

    /// The next line of standard output, `nil` at its end.
    package func nextLine() async throws -> String? {
        try await self.lines.next(isolation: nil)
    }

    package func signal(_ signal: Signal) throws {
        switch signal {
        case .interrupt: try self.send(.interrupt)
        case .terminate: try self.send(.terminate)
        case .kill: try self.send(.kill)
        case .hangUp: try self.send(.terminalClosed)
        }
    }
}
