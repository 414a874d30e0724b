internal import CLibPQ
import WonkeyCore

/// The answer to one message, freed with its last use.
///
/// `@safe`: the pointer is private, owned once, and libpq never changes a finished result.
@safe final class ResultSet {
    private let result: OpaquePointer

    /// Takes ownership of a result.
    init(owning result: OpaquePointer) {
        unsafe self.result = result
    }

    deinit {
        unsafe PQclear(self.result)
    }

    var status: ExecStatusType { unsafe PQresultStatus(self.result) }

    var rowCount: Int { Int(unsafe PQntuples(self.result)) }

    /// How many rows the statement changed, 0 for one that changes none.
    var changedCount: Int {
        guard let text = unsafe PQcmdTuples(self.result) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    /// The types of the parameters of a described statement.
    var parameterTypes: [Oid] {
        (0..<(unsafe PQnparams(self.result))).map { unsafe PQparamtype(self.result, $0) }
    }

    /// What the server refused, or `nil` where the connection broke.
    var sqlState: String? { self.field(UInt8(ascii: "C")) }

    var primaryMessage: String? { self.field(UInt8(ascii: "M")) }

    var hint: String? { self.field(UInt8(ascii: "H")) }

    private func field(_ code: UInt8) -> String? {
        guard let text = unsafe PQresultErrorField(self.result, Int32(code)) else { return nil }
        return unsafe String(cString: text)
    }

    /// One row, its values in PostgreSQL's binary form turned into ours.
    func row(_ row: Int) throws(StoreError) -> SQLRow {
        var values: [SQLValue] = []
        let count = unsafe PQnfields(self.result)
        values.reserveCapacity(Int(count))
        for column in 0..<count {
            values.append(try self.value(Int32(row), column))
        }
        return SQLRow(values: values)
    }

    private func value(_ row: Int32, _ column: Int32) throws(StoreError) -> SQLValue {
        guard unsafe PQgetisnull(self.result, row, column) == 0, let start = unsafe PQgetvalue(self.result, row, column)
        else { return .null }
        let length = Int(unsafe PQgetlength(self.result, row, column))
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: length)
        return unsafe try BinaryValue.decode(bytes, of: PQftype(self.result, column))
    }
}
