import ArgumentParser
import WonkeyAdmin
import WonkeyCore

/// `wonkey-admin audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Who changed what, newest first.",
        discussion: """
            Everything without --organization and --project, sign-ups and other things of no organization included.
            """
    )

    @OptionGroup var options: CommonOptions
    @Option(help: ArgumentHelp("Only what belongs to this organization.", valueName: "id"))
    var organization: String?
    @Option(help: ArgumentHelp("Only what belongs to this project.", valueName: "name-or-id"))
    var project: String?
    @Option(help: ArgumentHelp("Only changes of this key or other thing.", valueName: "id"))
    var subject: String?
    @Option(help: ArgumentHelp("Only changes by this one, such as cli:alice or user:usr_….", valueName: "actor"))
    var actor: String?
    @Option(help: ArgumentHelp("Only this kind of change, such as key.update.", valueName: "event"))
    var event: String?
    @Option(help: ArgumentHelp("Since when: 24h (back from now), a date or an RFC 3339 time.", valueName: "when"))
    var from: String?
    @Option(help: ArgumentHelp("Until before when.", valueName: "when"))
    var to: String?
    @Option(help: ArgumentHelp("How many at most, 1 to 100.", valueName: "number"))
    var limit: Int = 50

    func validate() throws {
        guard self.organization == nil || self.project == nil else {
            throw ValidationError("--organization and --project exclude each other.")
        }
    }

    func run() async throws {
        let operation = ReadAudit(
            place: self.place,
            subject: self.subject,
            actor: self.actor,
            event: self.event,
            from: try self.from.map { try Moment($0) },
            to: try self.to.map { try Moment($0) }
        )
        try await Session.run(self.options) { session in
            let page = try await operation.run(PageRequest(limit: self.limit), in: session.context)
            try session.output.show(page.elements) { _ in
                Table(
                    columns: ["TIME", "ACTOR", "FROM", "EVENT", "SUBJECT"].map { .init(title: $0) },
                    rows: page.elements.map { record in
                        [
                            .init(record.time.rfc3339), .init(record.actor.name), .init(record.actor.source),
                            .init(record.event), .init(record.subjectID),
                        ]
                    }
                )
            }
        }
    }

    private var place: ReadAudit.Place {
        if let project { return .project(project) }
        return self.organization.map { .organization(OrganizationID(rawValue: $0)) } ?? .everywhere
    }
}
