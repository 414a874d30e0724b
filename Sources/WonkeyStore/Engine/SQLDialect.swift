/// Where the engines' SQL differs; everything else is written once.
struct SQLDialect: Sendable {
    /// The text of the parameter of that number, from 1.
    let placeholder: @Sendable (_ number: Int) -> String
    /// What the words in braces of a migration stand for, by word.
    let words: [String: String]
    /// A query with one row if the table exists, and none if not.
    let tableExists: @Sendable (_ name: String) -> BoundSQL

    static let sqlite = Self(
        placeholder: { _ in "?" },
        words: [
            "{int}": "INTEGER",
            "{bytes}": "BLOB",
            "{sequence}": "INTEGER PRIMARY KEY AUTOINCREMENT",
            "{table}": "STRICT",
            "{clustered}": "STRICT, WITHOUT ROWID",
        ],
        tableExists: { "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = \($0)" }
    )
}
