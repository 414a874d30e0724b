import ArgumentParser
import Foundation
import Logging
import WonkeyConfig
import WonkeyCore
import WonkeyWiring

/// `wonkey-admin serve`: the management API over HTTP, until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Offer the management API over HTTP.",
        discussion: """
            Listens where management.address says, 127.0.0.1:8081 by default. The API is described at /docs and
            /openapi.json; /health and /ready tell how the service is. A line per request goes to standard error.

            Tokens are signed with management.token_secret, else with WONKEY_JWT_SECRET, else with a secret that is made
            once and kept in the store. SIGTERM finishes running requests and stops, a second one stops at once.
            """
    )

    @OptionGroup var options: CommonOptions
    @Option(
        help: ArgumentHelp("Where to listen, instead of management.address.", valueName: "host:port")
    )
    var address: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let file = try Session.configurationFile(self.options.config, environment: environment)
        var configuration = try Configuration.load(file: file, environment: environment)
        if let address {
            configuration.management.address = try Self.listenAddress(address)
        }
        let logging = configuration.logging
        LoggingSystem.bootstrap { label in OperatorLog.handler(label: label, logging) }
        try await ManagementServer(configuration, file: file, environment: environment).run()
    }

    /// Reads `127.0.0.1:8081`, `localhost:8081` or `[::1]:8081`.
    static func listenAddress(_ text: String) throws -> WonkeyConfig.Endpoint {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var host = parts.dropLast().joined(separator: ":")
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            host = ""
        }
        if host == "localhost" { host = "127.0.0.1" }
        guard IPAddress(host) != nil, let port = parts.last.flatMap({ UInt16($0) }) else {
            throw CommandFailure.usage("--address takes an IP address and a port, such as 127.0.0.1:8081 or [::1]:8081")
        }
        return .tcp(host: host, port: Int(port))
    }
}
