import ArgumentParser
import WonkeyAdmin
import WonkeyCore

/// `wonkey-admin project …`.
struct ProjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Protected APIs: create, list, show, rename, delete.",
        subcommands: [Create.self, List.self, Show.self, Rename.self, Delete.self]
    )

    @OptionGroup var options: CommonOptions

    func run() throws {
        throw ValidationError("Name what to do: create, list, show, rename or delete.")
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a project.")

        @OptionGroup var options: CommonOptions
        @Argument(help: "1 to 64 visible characters, unique.")
        var name: String

        func run() async throws {
            try await Session.run(self.options) { session in
                var generator = SystemRandomNumberGenerator()
                let project = try await CreateProject(name: self.name).run(in: session.context, using: &generator)
                try session.output.show(project.json) { projectDetails(project, session.output.style) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all projects by name.")

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await Session.run(self.options) { session in
                let projects = try await ListProjects().run(in: session.context)
                try session.output.show(projects) { _ in
                    Table(
                        columns: [.init(title: "NAME"), .init(title: "ID"), .init(title: "CREATED")],
                        rows: projects.map { [.init($0.name), .init($0.id.rawValue), .init($0.createdAt.rfc3339)] }
                    )
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one project.")

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
        var project: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let outcome = try await ShowProject(nameOrID: self.project).run(in: session.context)
                try session.output.show(outcome.json) {
                    let limits = outcome.overrides.map { "\($0.name)=\($0.quota.text)" }
                    return projectDetails(outcome.project, session.output.style)
                        + details(
                            [("keys        ", "\(outcome.keyCount)"), ("limits      ", joined(limits))],
                            session.output.style
                        )
                }
            }
        }
    }
}

extension ProjectCommand {
    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a project another name.")

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
        var project: String
        @Argument(help: "1 to 64 visible characters, unique.")
        var name: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let operation = UpdateProject(nameOrID: self.project, name: self.name)
                let project = try await operation.run(in: session.context)
                try session.output.show(project.json) { projectDetails(project, session.output.style) }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a project.",
            discussion:
                "Every proxy refuses its keys within a second. It cannot be undone, so that you are asked first."
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var confirmation: Confirmation
        @Argument(help: ArgumentHelp("The project's name or id.", valueName: "name-or-id"))
        var project: String

        func run() async throws {
            try self.confirmation.requireMeans(of: "deleting")
            try await Session.run(self.options) { session in
                if !self.confirmation.yes {
                    let shown = try await ShowProject(nameOrID: self.project).run(in: session.context)
                    let keys = shown.keyCount == 1 ? "1 key" : "\(shown.keyCount) keys"
                    let question = "Delete \(printable(shown.project.name)) with \(keys) for good?"
                    try self.confirmation.ask(question, orElse: "nothing was deleted")
                }
                let project = try await DeleteProject(nameOrID: self.project).run(in: session.context)
                try session.output.show(project.json) { "Deleted \(project.id) (\(printable(project.name))).\n" }
            }
        }
    }
}

private func projectDetails(_ project: Project, _ style: Style) -> String {
    details(
        [
            ("id", project.id.rawValue), ("name", project.name), ("organization", project.organizationID.rawValue),
            ("created", project.createdAt.rfc3339),
        ],
        style
    )
}

/// The texts in a row, or `nil` for none.
func joined(_ texts: [String]) -> String? {
    texts.isEmpty ? nil : texts.joined(separator: " ")
}
