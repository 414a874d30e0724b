import ArgumentParser
import WonkeyAdmin
import WonkeyCore

/// `wonkey-admin limit …`.
struct LimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Exceptions to configured limits, per key or project: set, list, remove.",
        subcommands: [Set.self, List.self, Remove.self]
    )

    @OptionGroup var options: CommonOptions

    func run() throws {
        throw ValidationError("Name what to do: set, list or remove.")
    }

    /// Whose limits.
    struct SubjectOptions: ParsableArguments {
        @Option(help: ArgumentHelp("A key's id.", valueName: "id"))
        var key: String?
        @Option(help: ArgumentHelp("A project's name or id.", valueName: "name-or-id"))
        var project: String?

        func validate() throws {
            guard (self.key == nil) != (self.project == nil) else {
                throw ValidationError("Give either --key or --project.")
            }
        }

        /// The one that was given.
        var subject: LimitSubject {
            if let key { .key(key) } else { .project(self.project ?? "") }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set or replace exceptions.",
            discussion: "Example: wonkey-admin limit set --project acme per-minute=100/1m"
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var subject: SubjectOptions
        @Argument(help: ArgumentHelp("A configured limit's name and its new value.", valueName: "name=limit/window"))
        var limits: [String]

        func run() async throws {
            let limits = try self.limits.map { try LimitArgument($0) }
            try await Session.run(self.options) { session in
                let operation = SetLimit(subject: self.subject.subject, limits: limits)
                let overrides = try await operation.run(in: session.context).overrides
                try session.output.show(overrides) { _ in limitTable(overrides) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the exceptions of a key or project.")

        @OptionGroup var options: CommonOptions
        @OptionGroup var subject: SubjectOptions

        func run() async throws {
            try await Session.run(self.options) { session in
                let overrides = try await ListLimits(subject: self.subject.subject).run(in: session.context)
                try session.output.show(overrides) { _ in limitTable(overrides) }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove an exception, so that the configured limit applies again."
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var subject: SubjectOptions
        @Argument(help: "The limit's name.")
        var name: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let operation = RemoveLimit(subject: self.subject.subject, name: self.name)
                let override = try await operation.run(in: session.context)
                try session.output.show(override.json) {
                    "Removed \(printable(override.name))=\(override.quota.text).\n"
                }
            }
        }
    }
}

private func limitTable(_ overrides: [LimitOverride]) -> Table {
    Table(
        columns: [
            .init(title: "LIMIT"), .init(title: "UNITS", alignment: .right), .init(title: "WINDOW", alignment: .right),
        ],
        rows: overrides.map { [.init($0.name), .init("\($0.quota.limit)"), .init($0.quota.window.text)] }
    )
}
