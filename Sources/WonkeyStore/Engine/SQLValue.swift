import WonkeyCore

/// A value that a statement binds or a row holds, in the types both engines share.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
}

/// What can be bound to a statement.
protocol SQLBindable {
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLBindable {
    var sqlValue: SQLValue { self }
}

extension Int: SQLBindable {
    var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLBindable {
    var sqlValue: SQLValue { .integer(self) }
}

extension String: SQLBindable {
    /// The text; NUL, which no engine stores faithfully and PostgreSQL refuses, becomes U+FFFD.
    var sqlValue: SQLValue { .text(self.storable) }

    /// The text as it comes back from an engine.
    var storable: String { self.hasNUL ? self.replacing("\0", with: "\u{FFFD}") : self }

    private var hasNUL: Bool {
        let bytes = self.utf8Span.span
        var index = 0
        while let word = bytes.word(at: index) {
            if word.contains(0) { return true }
            index += 8
        }
        while index < bytes.count {
            if bytes[index] == 0 { return true }
            index += 1
        }
        return false
    }
}

extension [UInt8]: SQLBindable {
    var sqlValue: SQLValue { .bytes(self) }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
    var sqlValue: SQLValue { self?.sqlValue ?? .null }
}

extension Identifier: SQLBindable {
    var sqlValue: SQLValue { .text(self.rawValue) }
}

extension Timestamp: SQLBindable {
    var sqlValue: SQLValue { .integer(self.millisecondsSinceEpoch) }
}

extension KeyHash: SQLBindable {
    var sqlValue: SQLValue { .bytes(self.bytes) }
}

/// One row of an answer, its columns by position.
///
/// Every getter throws ``WonkeyCore/StoreError`` with code `.corrupt` where the stored type is another.
struct SQLRow: Sendable {
    let values: [SQLValue]

    func isNull(_ column: Int) -> Bool { self.values[column] == .null }

    func integer(_ column: Int) throws(StoreError) -> Int64 {
        guard case .integer(let value) = self.values[column] else { throw self.mismatch(column, "an integer") }
        return value
    }

    func text(_ column: Int) throws(StoreError) -> String {
        guard case .text(let value) = self.values[column] else { throw self.mismatch(column, "text") }
        return value
    }

    func bytes(_ column: Int) throws(StoreError) -> [UInt8] {
        guard case .bytes(let value) = self.values[column] else { throw self.mismatch(column, "bytes") }
        return value
    }

    func optionalText(_ column: Int) throws(StoreError) -> String? {
        self.isNull(column) ? nil : try self.text(column)
    }

    func id<Subject>(_ column: Int) throws(StoreError) -> Identifier<Subject> {
        Identifier(rawValue: try self.text(column))
    }

    func optionalID<Subject>(_ column: Int) throws(StoreError) -> Identifier<Subject>? {
        self.isNull(column) ? nil : try self.id(column)
    }

    func time(_ column: Int) throws(StoreError) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: try self.integer(column))
    }

    func optionalTime(_ column: Int) throws(StoreError) -> Timestamp? {
        self.isNull(column) ? nil : try self.time(column)
    }

    func hash(_ column: Int) throws(StoreError) -> KeyHash {
        guard let hash = KeyHash(bytes: try self.bytes(column)) else { throw self.mismatch(column, "a hash") }
        return hash
    }

    /// A value stored by its name, such as a state.
    func named<Value: RawRepresentable<String>>(_ column: Int) throws(StoreError) -> Value {
        guard let value = Value(rawValue: try self.text(column)) else {
            throw self.mismatch(column, "a \(Value.self)")
        }
        return value
    }

    private func mismatch(_ column: Int, _ expected: String) -> StoreError {
        StoreError(code: .corrupt, message: "stored column \(column) is not \(expected)")
    }
}
