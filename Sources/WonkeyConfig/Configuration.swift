package import WonkeyCore

/// A whole configuration file, read, checked and with every default filled in.
///
/// An immutable snapshot: what a route names (limits, upstream, image model, storage) is known to exist. Defaults are
/// the initial values of the properties; `wonkey schema` prints them. Relative file names are relative to the working
/// directory. Read one with ``load(file:environment:inspection:)``.
package struct Configuration: Sendable {
    /// Where clients connect; at least one, all different.
    package var listeners: [Listener]
    /// The private listener for health, readiness and metrics; absent: none.
    package var operations: Operations?
    package var store: StoreLocation
    package var counters: Counters = .init()
    package var keys: Keys = .init()
    /// By name.
    package var limits: [String: LimitPolicy] = [:]
    /// By name.
    package var upstreams: [String: Upstream] = [:]
    /// Image models by name; what a route's `generate` refers to.
    package var images: [String: ImageModel] = [:]
    /// Object stores by name; what an image model's `storage` refers to.
    package var storage: [String: ObjectStorage] = [:]
    /// In the order of the file; names are unique, and no two match the same requests.
    ///
    /// Which of several matching routes wins is the router's business, not the order's.
    package var routes: [Route]
    package var server: Server = .init()
    package var management: Management = .init()
    package var logs: Logs = .init()
    package var telemetry: Telemetry = .init()
    package var logging: Logging = .init()

    package init(listeners: [Listener], store: StoreLocation, routes: [Route]) {
        self.listeners = listeners
        self.store = store
        self.routes = routes
    }
}
