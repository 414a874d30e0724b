/// A statement in which every interpolated value is a bound parameter.
///
/// `"SELECT name FROM keys WHERE id = \(id)"` never holds the id's text: what comes from outside cannot become SQL.
/// Another `BoundSQL` may be interpolated, and is spliced in with its parameters.
struct BoundSQL: ExpressibleByStringInterpolation, Sendable {
    /// The text around the parameters: one more than there are ``values``.
    private var fragments: [String]
    private(set) var values: [SQLValue]

    init(stringLiteral value: StaticString) {
        self.fragments = [value.description]
        self.values = []
    }

    init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    static func += (lhs: inout Self, rhs: Self) {
        var tail = rhs.fragments
        lhs.fragments[lhs.fragments.count - 1] += tail.removeFirst()
        lhs.fragments += tail
        lhs.values += rhs.values
    }

    /// The statement's text for an engine.
    ///
    /// - Parameter dialect: Says what a parameter looks like.
    /// - Returns: SQL with as many parameters as there are ``values``.
    func text(in dialect: SQLDialect) -> String {
        var text = self.fragments[0]
        for (index, fragment) in self.fragments.dropFirst().enumerated() {
            text += dialect.placeholder(index + 1)
            text += fragment
        }
        return text
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql: BoundSQL = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            self.sql.values.reserveCapacity(interpolationCount)
            self.sql.fragments.reserveCapacity(interpolationCount + 1)
        }

        mutating func appendLiteral(_ literal: StaticString) {
            self.sql += BoundSQL(stringLiteral: literal)
        }

        mutating func appendInterpolation(_ value: some SQLBindable) {
            self.sql.fragments.append("")
            self.sql.values.append(value.sqlValue)
        }

        mutating func appendInterpolation<Value: SQLBindable>(_ value: Value?) {
            self.appendInterpolation(value.sqlValue)
        }

        mutating func appendInterpolation(_ other: BoundSQL) {
            self.sql += other
        }
    }
}
