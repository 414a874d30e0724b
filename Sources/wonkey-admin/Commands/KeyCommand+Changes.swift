import ArgumentParser
import Foundation
import WonkeyAdmin
import WonkeyCore

extension KeyCommand {
    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what is named of a key, and leave the rest.",
            discussion:
                "Proxies follow within a second. Example: wonkey-admin key update key_… --expires never --disable"
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: "The key's id, not the key.")
        var id: String
        @Option(help: "Whose or what for: 1 to 64 visible characters.")
        var name: String?
        @Option(help: ArgumentHelp("When it expires: never, 30d, a date or an RFC 3339 time.", valueName: "when"))
        var expires: String?
        @Option(
            name: .customLong("permission"),
            help: ArgumentHelp("What it may; repeatable, and replaces what it held.", valueName: "slug")
        )
        var permissions: [String] = []
        @Flag(help: "It may nothing in particular any more.")
        var noPermissions = false
        @Option(
            help: ArgumentHelp("Whose it is: the customer's name in your own records.", valueName: "external-id")
        )
        var externalId: String?
        @Flag(help: "It is nobody's in particular any more.")
        var noExternalId = false
        @Flag(help: "Whether it is let in.")
        var state: Switch?

        enum Switch: String, EnumerableFlag {
            case enable, disable
        }

        func validate() throws {
            guard self.permissions.isEmpty || !self.noPermissions else {
                throw ValidationError("--permission and --no-permissions exclude each other.")
            }
            guard self.externalId == nil || !self.noExternalId else {
                throw ValidationError("--external-id and --no-external-id exclude each other.")
            }
            let isNothing = self.name == nil && self.expires == nil && self.permissions.isEmpty && !self.noPermissions
            guard !isNothing || self.state != nil || self.externalId != nil || self.noExternalId else {
                throw ValidationError("Name what to change; see wonkey-admin key update --help.")
            }
        }

        func run() async throws {
            let operation = UpdateKey(
                id: self.id,
                name: self.name,
                expiry: try self.expires.map { $0 == "never" ? .never : .at(try Moment($0)) },
                permissions: self.permissions.isEmpty && !self.noPermissions ? nil : self.permissions,
                state: self.state.map { $0 == .enable ? .active : .disabled },
                owner: self.noExternalId ? .nobody : self.externalId.map { .identity(externalID: $0) }
            )
            try await Session.run(self.options) { session in
                let key = try await operation.run(in: session.context)
                try session.output.show(key.json) {
                    details(keyPairs(key, now: session.context.clock.now), session.output.style)
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key for good.",
            discussion: "Every proxy refuses it within a second. It cannot be undone, so that you are asked first."
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var confirmation: Confirmation
        @Argument(help: "The key's id, not the key.")
        var id: String

        func run() async throws {
            try self.confirmation.requireMeans(of: "revoking")
            try await Session.run(self.options) { session in
                try await self.confirmation.ask("Revoke", self.id, orElse: "nothing was revoked", in: session)
                let key = try await RevokeKey(id: self.id).run(in: session.context)
                try session.output.show(key.json) { "Revoked \(key.id) (\(key.start)…).\n" }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key for good and show it no more.",
            discussion: """
                Every proxy refuses it within a second, and no list has it any more; its log and usage stay. It cannot be
                undone, so that you are asked first.
                """
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var confirmation: Confirmation
        @Argument(help: "The key's id, not the key.")
        var id: String

        func run() async throws {
            try self.confirmation.requireMeans(of: "deleting")
            try await Session.run(self.options) { session in
                try await self.confirmation.ask("Delete", self.id, orElse: "nothing was deleted", in: session)
                let key = try await DeleteKey(id: self.id).run(in: session.context)
                try session.output.show(key.json) { "Deleted \(key.id) (\(key.start)…).\n" }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace a key by a new one and print that, this one time.",
            discussion: "The new key has the old one's name, permissions, limits and expiry."
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: "The old key's id, not the key.")
        var id: String
        @Option(help: ArgumentHelp("How long the old key still works, 0s to 90d.", valueName: "duration"))
        var overlap: String = "1h"

        func run() async throws {
            guard let overlap = Duration(text: self.overlap) else {
                throw CommandFailure.usage("--overlap takes a duration such as 1h, 30m or 0s")
            }
            let operation = RotateKey(id: self.id, overlap: overlap)
            try await Session.run(self.options) { session in
                var generator = SystemRandomNumberGenerator()
                let outcome = try await operation.run(in: session.context, using: &generator)
                try session.output.show(outcome.json) {
                    issuedDetails(outcome.issued, session.output.style)
                        + "\nThe old key \(outcome.oldID) works until \(outcome.oldExpiresAt.rfc3339).\n"
                }
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a key from standard input and tell whether it would be let in.",
            discussion: "Exit status 0 if it would be, 1 if not. Example: wonkey-admin key verify < key.txt"
        )

        /// Longer than any key, short enough to read whole.
        private static let inputMax = 4_096

        @OptionGroup var options: CommonOptions
        @Option(name: .customLong("permission"), help: ArgumentHelp("What it must be permitted.", valueName: "slug"))
        var permissions: [String] = []

        func run() async throws {
            let permissions = try self.permissions.map { text in
                guard let permission = Permission(rawValue: text) else {
                    throw CommandFailure.usage("--permission takes 1 to 128 of letters, digits and . _ : * / -")
                }
                return permission
            }
            try await Session.run(self.options) { session in
                let operation = VerifyKey(presented: try Self.readKey(), permissions: permissions)
                let outcome = try await operation.run(in: session.context)
                try session.output.show(outcome.json) {
                    verificationText(outcome, now: session.context.clock.now, session.output.style)
                }
                guard outcome.finding == .valid else { throw ExitCode.failure }
            }
        }

        /// Standard input without a line break and spaces at its ends.
        private static func readKey() throws -> [UInt8] {
            if isatty(STDIN_FILENO) == 1 {
                try FileHandle.standardError.write(contentsOf: Data("Key: ".utf8))
                return Array((readLine() ?? "").utf8)
            }
            let input = try FileHandle.standardInput.read(upToCount: Self.inputMax) ?? Data()
            let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
            return Array(input.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        }
    }
}

extension Confirmation {
    /// Asks about a key, and ends the command unless the answer is yes or was given.
    fileprivate func ask(_ verb: String, _ id: String, orElse message: String, in session: Session) async throws {
        guard !self.yes else { return }
        let key = try await ShowKey(id: id).run(in: session.context)
        try self.ask("\(verb) \(key.start)… (\(printable(key.name))) for good?", orElse: message)
    }
}
