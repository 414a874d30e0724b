import ArgumentParser
import Foundation
import WonkeyAdmin
import WonkeyConfig

/// `wonkey-admin token …`.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "The keys that access tokens are signed with: rotate.",
        subcommands: [Rotate.self]
    )

    @OptionGroup var options: CommonOptions

    func run() throws {
        throw ValidationError("Name what to do: rotate.")
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign with a new key from now on.",
            discussion: "Tokens signed before are good until they expire. Happens by itself every 30 days."
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await Session.run(self.options) { session in
                let settings = try TokenSettings(
                    session.configuration.management,
                    environment: ProcessInfo.processInfo.environment
                )
                let accounts = session.accounts
                let tokens = AccessTokens(store: accounts.store, settings: settings, clock: accounts.clock)
                let id = try await RotateSigningKey().run(on: tokens.ring, by: accounts.actor)
                try session.output.show(["id": .string(id)]) { "Tokens are signed with \(id) from now on.\n" }
            }
        }
    }
}
