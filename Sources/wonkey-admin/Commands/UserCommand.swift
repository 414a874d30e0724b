import ArgumentParser
import WonkeyAdmin
import WonkeyCore
import WonkeyPasswords
import WonkeyStore

/// `wonkey-admin user …`.
struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Those who sign in to the management service: create, list, show, disable, enable, set-password.",
        subcommands: [Create.self, List.self, Show.self, Disable.self, Enable.self, SetPassword.self]
    )

    @OptionGroup var options: CommonOptions

    func run() throws {
        throw ValidationError("Name what to do: create, list, show, disable, enable or set-password.")
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a user with an organization of their own.",
            discussion: """
                The password is read from standard input, or asked for on a terminal.
                Example: wonkey-admin user create alice@example.com < password.txt
                """
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: "The e-mail address.")
        var email: String
        @Option(help: "1 to 64 visible characters; also names the organization.")
        var name: String?

        func run() async throws {
            try await Session.run(self.options) { session in
                var generator = SystemRandomNumberGenerator()
                let operation = CreateUser(email: self.email, password: try PasswordInput.read(), name: self.name)
                let user = try await operation.run(
                    in: session.accounts,
                    hasher: BcryptPasswordHasher(),
                    using: &generator
                )
                try session.output.show(user.json) { userDetails(user, session.output.style) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all users by address.")

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await Session.run(self.options) { session in
                let users = try await ListUsers().run(in: session.accounts)
                try session.output.show(users) { _ in
                    Table(
                        columns: ["EMAIL", "ID", "NAME", "STATE", "CREATED"].map { .init(title: $0) },
                        rows: users.map { user in
                            [
                                .init(user.email.text), .init(user.id.rawValue), .init(user.name), state(of: user),
                                .init(user.createdAt.rfc3339),
                            ]
                        }
                    )
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one user and their organizations.")

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp("The user's address or id.", valueName: "email-or-id"))
        var user: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let outcome = try await ShowUser(idOrEmail: self.user).run(in: session.accounts)
                try session.output.show(outcome.json) {
                    let organizations = outcome.organizations.map { "\($0.organization.id)=\($0.role.rawValue)" }
                    return userDetails(outcome.user, session.output.style)
                        + details([("member of", joined(organizations))], session.output.style)
                }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shut a user out at once, ending all their sessions."
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp("The user's address or id.", valueName: "email-or-id"))
        var user: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let user = try await SetUserDisabled(idOrEmail: self.user, isDisabled: true).run(in: session.accounts)
                try session.output.show(user.json) { "Disabled \(user.id) (\(user.email)).\n" }
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled user in again.")

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp("The user's address or id.", valueName: "email-or-id"))
        var user: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let user = try await SetUserDisabled(idOrEmail: self.user, isDisabled: false).run(in: session.accounts)
                try session.output.show(user.json) { "Enabled \(user.id) (\(user.email)).\n" }
            }
        }
    }

    struct SetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-password",
            abstract: "Set a user's password, ending all their sessions.",
            discussion: "It is read from standard input, or asked for on a terminal; never given as an argument."
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp("The user's address or id.", valueName: "email-or-id"))
        var user: String

        func run() async throws {
            try await Session.run(self.options) { session in
                let operation = SetUserPassword(idOrEmail: self.user, password: try PasswordInput.read())
                let user = try await operation.run(in: session.accounts, hasher: BcryptPasswordHasher())
                try session.output.show(user.json) { "Set the password of \(user.id) (\(user.email)).\n" }
            }
        }
    }
}

extension Session {
    /// Users and organizations as the operator sees them.
    var accounts: AccountContext {
        AccountContext(
            store: self.store.accounts(for: .operator),
            clock: self.context.clock,
            actor: self.context.actor
        )
    }
}

private func state(of user: User) -> Table.Cell {
    user.disabledAt == nil ? .init("active", .green) : .init("disabled", .yellow)
}

private func userDetails(_ user: User, _ style: Style) -> String {
    details(
        [
            ("id", user.id.rawValue), ("email", user.email.text), ("name", user.name),
            ("created", user.createdAt.rfc3339), ("disabled", user.disabledAt?.rfc3339),
        ],
        style
    )
}
