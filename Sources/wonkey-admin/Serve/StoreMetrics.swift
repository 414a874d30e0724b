import WonkeyCore
import WonkeyStore

/// How busy the store's connections are; nothing where the engine has none to count.
enum StoreMetrics {
    static func register(in registry: MetricsRegistry, store: Store) {
        registry.gauge("store_connections", help: "Connections to the database that a transaction is using.") {
            store.connections.map { Double($0.inUse) }
        }
        registry.gauge("store_connections_max", help: "Connections to the database at most.") {
            store.connections.map { Double($0.max) }
        }
        registry.gauge("store_connections_awaited", help: "Transactions that wait for a connection.") {
            store.connections.map { Double($0.awaited) }
        }
    }
}
