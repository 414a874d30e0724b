import Crypto

/// One numbered step of the schema, forward only.
///
/// A published step never changes: its checksum is recorded where it was applied. The SQL is the subset that both
/// engines take, with words in braces for what they call differently (``SQLDialect/words``).
struct Migration: Sendable {
    let number: Int
    let name: String
    let template: String

    /// The SHA-256 of the template, the same on every engine.
    var checksum: [UInt8] { Array(SHA256.hash(data: Array(self.template.utf8))) }

    func sql(in dialect: SQLDialect) -> String {
        dialect.words.reduce(self.template) { $0.replacing($1.key, with: $1.value) }
    }
}

extension Migration {
    /// Every step this version knows, in order.
    static let all: [Self] = [
        .organizations, .keys, .permissions, .limits, .logs, .history, .accounts, .analytics, .resources, .idempotency,
    ]
}
