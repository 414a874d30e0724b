import Crypto

/// One numbered step of the schema, forward only.
///
/// A published step never changes: its checksum is recorded where it was applied. The SQL is the subset that both
/// engines take, or is for one engine only, with words in braces for what they call differently (``SQLDialect/words``).
struct Migration: Sendable {
    let number: Int
    let name: String
    /// The only engine that it does something on, if not both.
    let engine: SQLDialect.Engine?
    let template: String

    init(number: Int, name: String, engine: SQLDialect.Engine? = nil, template: String) {
        self.number = number
        self.name = name
        self.engine = engine
        self.template = template
    }

    /// The SHA-256 of the template, the same on every engine.
    var checksum: [UInt8] { Array(SHA256.hash(data: Array(self.template.utf8))) }

    /// The SQL for an engine; a comment where there is nothing to do on it.
    func sql(in dialect: SQLDialect) -> String {
        guard self.engine == nil || self.engine == dialect.engine else { return "-- nothing to do on this engine" }
        return dialect.words.reduce(self.template) { $0.replacing($1.key, with: $1.value) }
    }
}

extension Migration {
    /// Every step this version knows, in order.
    static let all: [Self] = [
        .organizations, .keys, .permissions, .limits, .logs, .history, .accounts, .analytics, .resources, .idempotency,
        .rowLevelSecurity, .statusClass, .logArrivals, .logArrivalCounter, .proxyIdentities,
    ]
}
