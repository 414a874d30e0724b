import WonkeyConfig

/// Which settings a running process cannot change.
enum RestartSettings {
    /// What a reload takes over; everything else needs a restart.
    private static let reloaded = [
        "limits", "upstreams", "storage", "images", "routes", "keys", "server", "logs.sample",
        // Another program's.
        "management",
    ]
    /// Within them, what it does not.
    private static let exceptions = ["server.loops"]

    /// The paths of settings that would be different after a restart, ordered.
    static func changed(from started: ConfigurationSettings, to loaded: ConfigurationSettings) -> [String] {
        let reloaded = Set(started.differences(from: loaded, below: Self.reloaded))
        let exceptions = Set(started.differences(from: loaded, below: Self.exceptions))
        return started.differences(from: loaded).filter { !reloaded.contains($0) || exceptions.contains($0) }
    }
}
