import ArgumentParser
import UnixSignals
import WonkeyAdmin
import WonkeyCore

/// `wonkey-admin logs`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Read the request log, newest first; count it; follow it.",
        discussion: """
            Times are RFC 3339, dates, or how long ago (1h). With --follow the last records come first, then new ones as
            they arrive, one JSON object a line, until SIGINT or SIGTERM. What a spool brings in late comes late, too.
            """
    )

    @OptionGroup var options: CommonOptions
    @Option(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
    var project: String
    @Option(help: ArgumentHelp("A key's id.", valueName: "id"))
    var key: String?
    @Option(help: "A status such as 429, or a class such as 4xx.")
    var status: String?
    @Option(help: "A path, or with * at its end a prefix.")
    var path: String?
    @Option(help: "A method.")
    var method: String?
    @Option(help: ArgumentHelp("The first moment.", valueName: "time"))
    var from: String?
    @Option(help: ArgumentHelp("The moment to end before.", valueName: "time"))
    var to: String?
    @Option(help: "At most so many: 1 to 10000; 100 by default, 10 with --follow.")
    var limit: Int?
    @Flag(help: "Print how many there are, and nothing else.")
    var count = false
    @Flag(name: .shortAndLong, help: "Go on printing new ones.")
    var follow = false

    func validate() throws {
        guard !(self.count && self.follow) else { throw ValidationError("--count and --follow exclude each other.") }
        guard !self.count || self.limit == nil else { throw ValidationError("--count takes no --limit.") }
    }

    func run() async throws {
        let selection = LogSelection(
            project: self.project,
            key: self.key,
            status: self.status,
            path: self.path,
            method: self.method,
            from: try self.from.map { try Moment($0) },
            to: try self.to.map { try Moment($0) }
        )
        try await Session.run(self.options) { session in
            if self.count {
                let count = try await CountLogs(selection: selection).run(in: session.context)
                try session.output.show(["count": .integer(Int64(count))]) { "\(count)\n" }
            } else if self.follow {
                try await self.follow(selection, in: session)
            } else {
                let operation = ReadLogs(selection: selection, limit: self.limit ?? 100)
                let outcome = try await operation.run(in: session.context)
                try session.output.show(outcome.records) { _ in logTable(outcome.records) }
            }
        }
    }

    /// Prints until a signal asks to stop, which is the ordinary end.
    private func follow(_ selection: LogSelection, in session: Session) async throws {
        // Trapped before anything is printed: who sees the first line may send the signal.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let (context, output) = (session.context, session.output)
        let start = try await FollowLogs(selection, last: self.limit ?? 10, in: context)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in signals { return }
            }
            group.addTask {
                var following = start
                try Self.print(following.last, isFirst: true, to: output)
                while true {
                    let records = try await following.next(in: context)
                    try Self.print(records, isFirst: false, to: output)
                    if records.isEmpty { try await Task.sleep(for: .milliseconds(300)) }
                    try Task.checkCancellation()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func print(_ records: [RequestRecord], isFirst: Bool, to output: Output) throws {
        switch output.format {
        case .json:
            try Output.write(records.map { $0.json.text + "\n" }.joined())
        case .text:
            let table = logTable(records)
            try Output.write(isFirst ? table.text(output.style) : table.rowsText(output.style))
        }
    }
}

private func logTable(_ records: [RequestRecord]) -> Table {
    Table(
        columns: [
            .init(title: "TIME", widthMin: 24), .init(title: "STATUS", alignment: .right),
            .init(title: "LATENCY", alignment: .right, widthMin: 10), .init(title: "METHOD", widthMin: 6),
            .init(title: "PATH", widthMin: 32), .init(title: "KEY", widthMin: 20), .init(title: "LIMITS", widthMin: 11),
            .init(title: "CLIENT"),
        ],
        rows: records.map { record in
            [
                .init(record.time.rfc3339), .init("\(record.status)", statusColor(record.status)),
                .init(milliseconds(record.latencyMicroseconds)), .init(record.method), .init(record.path),
                .init(record.keyID?.rawValue), .init(record.limitVerdict.rawValue), .init(record.clientAddress),
            ]
        }
    )
}

private func statusColor(_ status: Int) -> Style.Color? {
    switch status {
    case 200..<300: .green
    case 400..<500: .yellow
    case 500...: .red
    default: nil
    }
}

/// `12.345 ms`.
private func milliseconds(_ microseconds: Int64) -> String {
    let fraction = String(microseconds % 1_000)
    return "\(microseconds / 1_000).\(String(repeating: "0", count: max(3 - fraction.count, 0)))\(fraction) ms"
}
