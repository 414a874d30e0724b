import ArgumentParser
import Foundation
import WonkeyAdmin
import WonkeyCore
import WonkeyStore

/// `wonkey-admin migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Makes the store, or brings its schema up to date."
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Print the steps and their SQL, and change nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Write the steps as files of a Supabase project into this folder.", visibility: .hidden))
    var printSupabase: String?

    func run() async throws {
        if let folder = self.printSupabase {
            for file in SupabaseLayout.files {
                try file.contents.write(toFile: "\(folder)/\(file.name)", atomically: true, encoding: .utf8)
            }
            return
        }
        try await Session.run(self.options, mode: .migrate) { session in
            let steps = try await Migrate(mode: self.dryRun ? .dryRun : .apply).run(on: session.store.migrator)
            let rows = steps.map { step -> JSONValue in
                ["number": .integer(Int64(step.number)), "name": .string(step.name), "sql": .string(step.sql)]
            }
            try session.output.show(["applied": .bool(!self.dryRun), "data": .array(rows)]) { self.text(steps) }
        }
    }

    private func text(_ steps: [SchemaMigrator.Step]) -> String {
        guard !steps.isEmpty else { return "The store is up to date.\n" }
        return steps.map { step in
            self.dryRun
                ? "-- \(step.number) \(step.name)\n\(step.sql)\n" : "Applied \(step.number) \(step.name).\n"
        }
        .joined()
    }
}
