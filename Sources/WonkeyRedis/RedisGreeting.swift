/// What a new connection has to answer before it counts as ready, sent in one go.
enum RedisGreeting: Hashable {
    case authenticate
    case select
    case load(LimitScript)
    case ping

    /// The requests for these settings, in order.
    static func all(for settings: RedisSettings) -> [RedisGreeting] {
        (settings.password == nil ? [] : [.authenticate])
            + (settings.database == 0 ? [] : [.select])
            + LimitScript.allCases.map { .load($0) } + [.ping]
    }

    func arguments(_ settings: RedisSettings) -> [String] {
        switch self {
        case .authenticate: ["AUTH"] + [settings.username, settings.password].compactMap(\.self)
        case .select: ["SELECT", String(settings.database)]
        case .load(let script): ["SCRIPT", "LOAD", script.source]
        case .ping: ["PING"]
        }
    }

    /// Why an answer is not the expected one, `nil` if it is.
    ///
    /// Of a refused `AUTH` only the code is repeated: a server that does not know the command quotes its arguments.
    func fault(_ reply: RedisReply) -> String? {
        switch (self, reply) {
        case (.authenticate, .status), (.select, .status), (.ping, .status): nil
        case (.load, .bulk(let digest)) where digest.count == 40: nil
        case (.authenticate, .error(let text)): "AUTH: \(RedisError(text).code)"
        case (.select, .error(let text)): "SELECT: \(RedisError(text))"
        case (.load, .error(let text)): "SCRIPT LOAD: \(RedisError(text))"
        case (.ping, .error(let text)): "PING: \(RedisError(text))"
        default: "unexpected answer to \(self.name)"
        }
    }

    private var name: String {
        switch self {
        case .authenticate: "AUTH"
        case .select: "SELECT"
        case .load: "SCRIPT LOAD"
        case .ping: "PING"
        }
    }
}

/// An error answered by Redis, cut to a length that suits a log.
struct RedisError: Hashable, CustomStringConvertible {
    let code: String
    let description: String

    init(_ text: String) {
        self.code = String(text.prefix { $0 != " " }.prefix(32))
        self.description = String(text.prefix(200))
    }

    /// Redis does not know the script: it was restarted or its scripts were flushed.
    var isUnknownScript: Bool { self.code == "NOSCRIPT" }

    /// This connection cannot be used, but another may: a replica after a failover, a server that starts.
    var endsConnection: Bool {
        ["READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "NOPERM"].contains(self.code)
    }
}
