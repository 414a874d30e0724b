import Testing

@testable import WonkeyStore

@Suite("Bound SQL")
struct BoundSQLTests {
    @Test("an interpolated value becomes a parameter, never text")
    func parameters() {
        let name = "'; DROP TABLE keys; --"
        let none: String? = nil
        let statement: BoundSQL = "SELECT 1 FROM keys WHERE name = \(name) AND day > \(3) AND meta = \(none)"
        #expect(statement.text(in: .sqlite) == "SELECT 1 FROM keys WHERE name = ? AND day > ? AND meta = ?")
        #expect(statement.values == [.text(name), .integer(3), .null])
    }

    @Test("a statement is spliced into another with its parameters in order, numbered where the engine wants it")
    func splicing() {
        let dialect = SQLDialect.postgreSQL
        let condition: BoundSQL = "a = \(1) AND b = \("two")"
        var statement: BoundSQL = "SELECT \(0) WHERE \(condition)"
        statement += " LIMIT \(9)"
        #expect(statement.text(in: dialect) == "SELECT $1 WHERE a = $2 AND b = $3 LIMIT $4")
        #expect(statement.values == [.integer(0), .integer(1), .text("two"), .integer(9)])
    }
}
