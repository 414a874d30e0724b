import ArgumentParser
import Foundation
import WonkeyAdmin

/// The control plane's command line.
@main
struct WonkeyAdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wonkey-admin",
        abstract: "Issues and revokes keys, sets their limits, reads the request log; offers all that over HTTP.",
        discussion: """
            The configuration names the store: --config FILE, else WONKEY_CONFIG, else wonkey.yaml or config/wonkey.yaml.
            Data goes to standard output, everything else to standard error; --output json is stable, for scripts.
            A key is shown once, when it is made, and is never given as an argument.

            Shell completions: wonkey-admin --generate-completion-script bash|zsh|fish

            Exit status: 0 ok, 1 failure, 2 usage or configuration.
            """,
        version: "wonkey-admin (WonKey) 0.1.0",
        subcommands: [
            MigrateCommand.self, ProjectCommand.self, KeyCommand.self, LimitCommand.self, LogsCommand.self,
            UsageCommand.self, AuditCommand.self, UserCommand.self, TokenCommand.self, ServeCommand.self,
        ]
    )

    // Here for `wonkey-admin --config FILE key …`: the parser hands them down to the subcommands' own.
    @OptionGroup var options: CommonOptions

    static func main() async {
        do {
            var command = try await Self.asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Self.end(with: error)
        }
    }

    func run() throws {
        throw ValidationError("Name a command.")
    }

    /// Prints what went wrong, or the help that was asked for, and ends with the status that fits.
    private static func end(with error: any Error) -> Never {
        if let failure = CommandFailure(error) {
            report(failure.message)
            Foundation.exit(failure.status)
        }
        let code = Self.exitCode(for: error)
        let text = Self.fullMessage(for: error)
        switch code {
        case .success:
            // Help, the version, a completion script.
            let failure = CommandFailure.catching { try Output.write(text + "\n") }
            if let failure { report(failure.message) }
            Foundation.exit(failure?.status ?? 0)
        case .validationFailure:
            report(text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text)
            Foundation.exit(2)
        default:
            if !text.isEmpty { report(text) }
            Foundation.exit(code.rawValue)
        }
    }
}

/// The options of every command.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The configuration file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var config: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("How to print: text or json.", valueName: "format"))
    var output: OutputFormat = .text

    @Option(help: ArgumentHelp("Colours: auto, always or never.", valueName: "when"))
    var color: ColorMode = .auto
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

enum ColorMode: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, always, never
}
