import Logging
import WonkeyConfig
import WonkeyCore
import WonkeyStore

extension Store {
    /// Opens the store of a configuration.
    static func open(
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
