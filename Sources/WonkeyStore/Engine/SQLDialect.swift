/// Where the engines' SQL differs; everything else is written once.
struct SQLDialect: Sendable {
    enum Engine: Sendable { case sqlite, postgreSQL }

    let engine: Engine
    /// The text of the parameter of that number, from 1.
    let placeholder: @Sendable (_ number: Int) -> String
    /// What the words of a migration stand for that the engines call differently, by word; most are in braces.
    let words: [String: String]
    /// A query with one row if the table exists, and none if not.
    let tableExists: @Sendable (_ name: String) -> BoundSQL

    static let sqlite = Self(
        engine: .sqlite,
        placeholder: { _ in "?" },
        words: [
            "{int}": "INTEGER",
            "{bytes}": "BLOB",
            "{sequence}": "INTEGER PRIMARY KEY AUTOINCREMENT",
            "{table}": "STRICT",
            "{clustered}": "STRICT, WITHOUT ROWID",
            "{generated}": "VIRTUAL",
        ],
        tableExists: { "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = \($0)" }
    )

    /// Text is compared byte by byte, as SQLite does, whatever the database's own order is.
    static let postgreSQL = Self(
        engine: .postgreSQL,
        placeholder: { "$\($0)" },
        words: [
            " TEXT": " TEXT COLLATE \"C\"",
            "{int}": "BIGINT",
            "{bytes}": "BYTEA",
            "{sequence}": "BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY",
            "{table}": "",
            "{clustered}": "",
            "{generated}": "STORED",
        ],
        // Not `to_regclass`: it may remember from before the lock was waited for that there is no such table.
        tableExists: { name in
            """
            SELECT 1 FROM pg_catalog.pg_class
            WHERE relname = CAST(\(name) AS TEXT) AND pg_catalog.pg_table_is_visible(oid)
            """
        }
    )
}
