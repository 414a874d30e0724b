package import WonkeyCore

/// Every single setting of a configuration by its path, such as `limits.per-minute.window`: for comparing two of them.
///
/// Holds what the file says and the defaults of the sections it has; routes and other lists of named things go by name.
package struct ConfigurationSettings: Sendable {
    package struct Setting: Sendable {
        /// What may be seen of it: `nil` for a secret, references as they are written.
        package var shown: String?
        /// What it is, references replaced.
        package var value: Secret
        /// Where it stands; `nil` for a default.
        package var position: ConfigurationFaults.Position?
    }

    /// By path.
    package let entries: [String: Setting]

    init(_ entries: [String: Setting]) {
        let names = Self.names(of: entries)
        var named: [String: Setting] = [:]
        for (path, setting) in entries { named[Self.byName(path, names)] = setting }
        self.entries = named
    }

    /// The paths at which another configuration has something else, ordered.
    package func differences(from other: Self) -> [String] {
        Set(self.entries.keys).union(other.entries.keys)
            .filter { Self.differ(self.entries[$0], other.entries[$0]) }
            .sorted()
    }

    /// What only one of them has differs unless it is a default there.
    private static func differ(_ one: Setting?, _ other: Setting?) -> Bool {
        switch (one, other) {
        case (let one?, let other?): one.value != other.value
        case (let only?, nil), (nil, let only?): only.position != nil
        case (nil, nil): false
        }
    }

    /// Whether a path is one of `prefixes` or below one.
    package static func isBelow(_ path: String, anyOf prefixes: [String]) -> Bool {
        prefixes.contains { Self.isBelow(path, $0) }
    }

    private static func isBelow(_ path: String, _ prefix: String) -> Bool {
        guard path.hasPrefix(prefix) else { return false }
        guard let next = path.dropFirst(prefix.count).first else { return true }
        return next == "." || next == "["
    }

    /// The names of the routes, by `routes[0]` and so on.
    private static func names(of entries: [String: Setting]) -> [String: String] {
        var names: [String: String] = [:]
        for (path, setting) in entries where path.hasPrefix("routes[") && path.hasSuffix("].name") {
            names[String(path.dropLast(".name".count))] = setting.value.revealed
        }
        return names
    }

    /// A route's place in the list says nothing: its name is what counts.
    private static func byName(_ path: String, _ names: [String: String]) -> String {
        guard path.hasPrefix("routes["), let end = path.firstIndex(of: "]"),
            let name = names[String(path[...end])]
        else { return path }
        return "routes.\(name)\(path[path.index(after: end)...])"
    }
}
