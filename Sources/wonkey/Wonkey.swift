import ArgumentParser
import Foundation
import WonkeyConfig

/// The data plane's command line.
@main
struct Wonkey: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "wonkey",
        abstract: "A reverse-proxy sidecar that enforces API keys in front of existing HTTP APIs.",
        discussion: """
            The configuration is one YAML file: see `wonkey schema` and the examples in config/. Keys are issued with
            wonkey-admin. SIGTERM drains and stops, a second one stops at once; SIGHUP reads the file again.

            Exit status: 0 ok, 1 failure, 2 usage or configuration.
            """,
        version: "wonkey (WonKey) \(Self.version)",
        subcommands: [RunCommand.self, CheckCommand.self, DiffCommand.self, SchemaCommand.self],
        defaultSubcommand: RunCommand.self
    )

    /// Runs the command; usage errors end with status 2 instead of the parser's 64.
    static func main() async {
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Self.exitMapped(error)
        }
    }

    private static func exitMapped(_ error: any Error) -> Never {
        let code = Self.exitCode(for: error)
        guard code == .validationFailure else { Self.exit(withError: error) }
        FileHandle.standardError.write(Data((Self.fullMessage(for: error) + "\n").utf8))
        Foundation.exit(2)
    }
}

/// The options that name the configuration file.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file.")
    var file: String

    init() {}

    init(file: String) {
        self.file = file
    }

    /// Reads the file, or prints every fault of it and ends with status 2.
    func load() throws -> LoadedConfiguration {
        do throws(ConfigurationFaults) {
            return try LoadedConfiguration(
                file: self.file,
                environment: ProcessInfo.processInfo.environment,
                inspection: .loading
            )
        } catch {
            FileHandle.standardError.write(Data((error.description + "\n").utf8))
            throw ExitCode(2)
        }
    }
}

/// `wonkey check`: tells what is wrong with a configuration, without starting anything.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration file: every fault as file:line:column: message, exit 2 if there is one."
    )

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let configuration = try self.options.load().configuration
        let routes = configuration.routes.count
        print("\(self.options.file): ok, \(routes) \(routes == 1 ? "route" : "routes")")
    }
}

/// `wonkey schema`: the JSON Schema of the configuration, for editors.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print a JSON Schema of the configuration file, for editors."
    )

    func run() {
        print(ConfigurationSchema.json)
    }
}
