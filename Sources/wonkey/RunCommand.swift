import ArgumentParser
import Foundation
import Logging
import WonkeyConfig
import WonkeyWiring

/// `wonkey run`: serves until SIGTERM or SIGINT.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Serve (the default)."
    )

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let loaded = try self.options.load()
        let logging = loaded.configuration.logging
        LoggingSystem.bootstrap { label in OperatorLog.handler(label: label, logging) }
        let logger = Logger(label: "wonkey")
        do {
            try await Sidecar(loaded, environment: ProcessInfo.processInfo.environment, logger: logger).run()
        } catch {
            FileHandle.standardError.write(Data("wonkey: \(StartError.describe(error))\n".utf8))
            throw ExitCode(1)
        }
    }
}
