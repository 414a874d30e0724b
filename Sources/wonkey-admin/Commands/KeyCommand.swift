import ArgumentParser
import WonkeyAdmin
import WonkeyCore

/// `wonkey-admin key …`.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Keys: create, list, show, update, revoke, delete, rotate, verify.",
        subcommands: [
            Create.self, List.self, Show.self, Update.self, Revoke.self, Delete.self, Rotate.self, Verify.self,
        ]
    )

    @OptionGroup var options: CommonOptions

    func run() throws {
        throw ValidationError("Name what to do: create, list, show, update, revoke, delete, rotate or verify.")
    }
}

extension KeyEnvironment: ExpressibleByArgument {}

extension KeyCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a key and print it, this one time.",
            discussion: "Only the key's SHA-256 is stored: nobody can show it again."
        )

        @OptionGroup var options: CommonOptions
        @Option(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
        var project: String
        @Option(help: "Whose or what for: 1 to 64 visible characters.")
        var name: String
        @Option(help: ArgumentHelp("live or test.", valueName: "environment"))
        var environment: KeyEnvironment = .live
        @Option(help: ArgumentHelp("When it expires: 30d, 12h, a date or an RFC 3339 time.", valueName: "when"))
        var expires: String?
        @Option(name: .customLong("permission"), help: ArgumentHelp("What it may; repeatable.", valueName: "slug"))
        var permissions: [String] = []
        @Option(
            help: ArgumentHelp("Whose it is: the customer's name in your own records.", valueName: "external-id")
        )
        var externalId: String?
        @Option(
            name: .customLong("limit"),
            help: ArgumentHelp("An exception to a configured limit; repeatable.", valueName: "name=limit/window")
        )
        var limits: [String] = []

        func run() async throws {
            let operation = CreateKey(
                project: self.project,
                name: self.name,
                environment: self.environment,
                expires: try self.expires.map { try Moment($0) },
                permissions: self.permissions,
                externalID: self.externalId,
                limits: try self.limits.map { try LimitArgument($0) }
            )
            try await Session.run(self.options) { session in
                var generator = SystemRandomNumberGenerator()
                let issued = try await operation.run(in: session.context, using: &generator)
                try session.output.show(issued.json) {
                    issuedDetails(issued, session.output.style)
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List a project's keys, oldest first.")

        @OptionGroup var options: CommonOptions
        @Option(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
        var project: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let keys = try await ListKeys(project: self.project).run(in: session.context)
                let now = session.context.clock.now
                try session.output.show(keys) { _ in keyTable(keys, now: now) }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one key, without its text.")

        @OptionGroup var options: CommonOptions
        @Argument(help: "The key's id, not the key.")
        var id: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let key = try await ShowKey(id: self.id).run(in: session.context)
                try session.output.show(key.json) {
                    details(keyPairs(key, now: session.context.clock.now), session.output.style)
                }
            }
        }
    }
}
