import WonkeyConfig
import WonkeyCore
import WonkeyGateway

/// What `wonkey diff` asks of a running process: what NEW says, secrets as salted hashes only.
struct DiffRequest: Codable, Sendable {
    struct Setting: Codable, Sendable {
        var path: String
        /// `nil` for a secret.
        var shown: String?
        /// Keyed with the salt.
        var hash: String
        var isDefault: Bool
    }

    struct Limit: Codable, Sendable {
        var name: String
        var algorithm: String
        var limit: Int
        var windowMs: Int64
        /// Whether keys share it.
        var isShared: Bool
        var isShadow: Bool
    }

    struct Route: Codable, Sendable {
        var name: String
        var limits: [Limit]
    }

    var salt: String
    /// Names of limits, routes and so on, by section.
    var names: [String: [String]]
    var settings: [Setting]
    /// Those that need a key.
    var routes: [Route]
    /// Empty accepts all.
    var projects: [String]
}

/// What a running process answers.
struct DiffAnswer: Codable, Equatable, Sendable {
    enum Kind: String, Codable, Sendable {
        case added, removed, changed
    }

    struct Field: Codable, Equatable, Sendable {
        var field: String
        /// `nil` where it is not set; never a secret's value.
        var from: String?
        var to: String?
        var needsRestart: Bool
    }

    struct Change: Codable, Equatable, Sendable {
        /// `limits`, `routes`, `server` and so on.
        var section: String
        /// Of a limit, a route and so on.
        var name: String?
        var kind: Kind
        var fields: [Field]
    }

    struct Keys: Codable, Equatable, Sendable {
        /// Which keys were looked at.
        var counted: String
        var total: Int
        var getLess: Int
        /// Of a project that would not be accepted any more.
        var refused: Int
        /// How many get less, by limit.
        var limits: [String: Int]
    }

    var generation: Int
    var hash: String
    var changes: [Change]
    var keys: Keys
}

extension LoadedConfiguration {
    /// The names of things that come by name, by section.
    var names: [String: [String]] {
        [
            "limits": Array(self.configuration.limits.keys), "upstreams": Array(self.configuration.upstreams.keys),
            "images": Array(self.configuration.images.keys), "storage": Array(self.configuration.storage.keys),
            "routes": self.configuration.routes.map(\.name),
        ]
    }

    /// The limits of the routes that need a key.
    var routeLimits: [RouteLimits] {
        self.configuration.routes.filter { $0.authentication == .required }
            .map { RouteLimits(route: $0.name, limits: $0.limits) }
    }
}

extension DiffRequest {
    init(_ loaded: LoadedConfiguration, salt: String) {
        self.salt = salt
        self.names = loaded.names
        self.settings = loaded.settings.entries.sorted { $0.key < $1.key }.map { path, setting in
            Setting(
                path: path,
                shown: setting.shown,
                hash: setting.hash(at: path, salt: salt),
                isDefault: setting.position == nil
            )
        }
        self.routes = loaded.routeLimits.map { route in
            Route(name: route.route, limits: route.limits.map { Limit($0) })
        }
        self.projects = loaded.configuration.keys.projects.map(\.rawValue)
    }

    var routeLimits: [RouteLimits] {
        self.routes.map { route in RouteLimits(route: route.name, limits: route.limits.map(\.policy)) }
    }
}

extension DiffRequest.Limit {
    init(_ policy: LimitPolicy) {
        self.name = policy.name
        self.algorithm = policy.algorithm.rawValue
        self.limit = policy.quota.limit
        self.windowMs = policy.quota.window.milliseconds
        self.isShared = policy.partition == .project || policy.partition == .route
        self.isShadow = policy.isShadow
    }

    var policy: LimitPolicy {
        LimitPolicy(
            name: self.name,
            algorithm: LimitAlgorithm(rawValue: self.algorithm) ?? .fixedWindow,
            quota: Quota(limit: self.limit, window: .milliseconds(self.windowMs)),
            partition: self.isShared ? .project : .key,
            isShadow: self.isShadow
        )
    }
}

extension ConfigurationSettings.Setting {
    /// The path is part of it, so that equal secrets do not show as such.
    func hash(at path: String, salt: String) -> String {
        ContentHash.text(of: "\(path)\u{0}\(self.value.revealed)", salt: salt)
    }
}
