package import Logging
package import WonkeyConfig
import WonkeyCore
package import WonkeyStore

extension Store {
    /// Opens the store of a configuration.
    ///
    /// - Parameters:
    ///   - location: `store:` of the configuration.
    ///   - mode: What the program may expect of the database, and do to it.
    ///   - logger: Told when a server starts without its database.
    /// - Returns: The store; close it with ``WonkeyStore/Store/close()``.
    /// - Throws: ``WonkeyCore/StoreError``.
    package static func open(
        _ location: Configuration.StoreLocation,
        mode: Mode,
        logger: Logger
    ) async throws -> Store {
        switch location {
        case .sqlite(let path):
            return try await Store.open(url: "sqlite:\(path)", mode: mode, logger: logger)
        case .postgres(let postgres):
            let limits = PostgresLimits(
                connectionsMax: postgres.connections,
                connectTimeout: postgres.connectTimeout,
                statementTimeout: postgres.statementTimeout
            )
            return try await Store.open(url: postgres.url.revealed, limits: limits, mode: mode, logger: logger)
        }
    }
}
