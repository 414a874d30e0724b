package import WonkeyCore

/// Brings the store's schema up to date, or tells what that would do.
package struct Migrate: Sendable {
    package enum Mode: Sendable { case apply, dryRun }

    package var mode: Mode

    package init(mode: Mode) {
        self.mode = mode
    }

    /// Applies what is pending, or only looks.
    ///
    /// - Returns: The steps that were applied, or would be; empty if the schema is up to date.
    /// - Throws: ``OperationError``.
    package func run(on migrator: any SchemaMigrator) async throws(OperationError) -> [SchemaMigrator.Step] {
        try await asking { () async throws(StoreError) in
            switch self.mode {
            case .apply: try await migrator.migrate()
            case .dryRun: try await migrator.pending()
            }
        }
    }

    /// Checks that nothing is pending, as every other operation needs it.
    ///
    /// - Throws: ``OperationError`` with code `.schemaBehind`, whose message says what to run.
    package static func requireCurrentSchema(_ migrator: any SchemaMigrator) async throws(OperationError) {
        let pending = try await asking { () async throws(StoreError) in try await migrator.pending() }
        guard pending.isEmpty else {
            let steps = pending.count == 1 ? "1 step is" : "\(pending.count) steps are"
            let message = "the store is not up to date (\(steps) missing); run wonkey-admin migrate"
            throw OperationError(code: .schemaBehind, message: message)
        }
    }
}
