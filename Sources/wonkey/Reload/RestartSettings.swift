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
    private static let exceptions = [
        "server.loops", "server.reuse_port", "server.half_close", "server.timeouts.dead_peer",
    ]

    /// Whether a running process keeps its value of a setting.
    static func needsRestart(_ path: String) -> Bool {
        !ConfigurationSettings.isBelow(path, anyOf: Self.reloaded)
            || ConfigurationSettings.isBelow(path, anyOf: Self.exceptions)
    }

    /// The paths of settings that would be different after a restart, ordered.
    static func changed(from started: ConfigurationSettings, to loaded: ConfigurationSettings) -> [String] {
        started.differences(from: loaded).filter { Self.needsRestart($0) }
    }
}
