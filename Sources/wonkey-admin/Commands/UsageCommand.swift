import ArgumentParser
import WonkeyAdmin
import WonkeyCore

/// `wonkey-admin usage`.
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "What a project's keys used, by day (UTC) and key; the last 30 days by default."
    )

    @OptionGroup var options: CommonOptions
    @Option(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
    var project: String
    @Option(help: ArgumentHelp("A key's id.", valueName: "id"))
    var key: String?
    @Option(help: ArgumentHelp("The first day: a date, or how long ago.", valueName: "time"))
    var from: String?
    @Option(help: ArgumentHelp("The last day, inclusive.", valueName: "time"))
    var to: String?

    func run() async throws {
        let operation = ReadUsage(
            project: self.project,
            key: self.key,
            from: try self.from.map { try Moment($0) },
            to: try self.to.map { try Moment($0) }
        )
        try await Session.run(self.options) { session in
            let outcome = try await operation.run(in: session.context)
            try session.output.show(outcome.json) { Self.table(outcome).text(session.output.style) }
        }
    }

    private static func table(_ outcome: ReadUsage.Outcome) -> Table {
        var table = Table(columns: [
            .init(title: "DAY"), .init(title: "KEY"), .init(title: "REQUESTS", alignment: .right),
            .init(title: "IMAGES", alignment: .right),
        ])
        table.rows = outcome.days.map { day in
            [
                .init(CivilDate(daysSinceEpoch: day.day).description), .init(day.keyID.rawValue),
                .init("\(day.requests)"), .init("\(day.images)"),
            ]
        }
        table.rows.append([.init("total"), .init(""), .init("\(outcome.requests)"), .init("\(outcome.images)")])
        return table
    }
}
