internal import CLibPQ
import WonkeyCore

/// PostgreSQL's binary form of the values that we use.
enum BinaryValue {
    /// Numbers of types in `pg_type`, the same in every PostgreSQL.
    enum TypeNumber {
        static let bool: Oid = 16
        static let bytes: Oid = 17
        static let name: Oid = 19
        static let int8: Oid = 20
        static let int2: Oid = 21
        static let int4: Oid = 23
        static let text: Oid = 25
        static let unknown: Oid = 705
        static let varchar: Oid = 1_043
        static let numeric: Oid = 1_700
        static let void: Oid = 2_278
    }

    /// Reads one value.
    ///
    /// - Parameters:
    ///   - bytes: The value.
    ///   - type: The column's type.
    /// - Returns: The value; truth values become 0 and 1, and sums, which are numerics, integers.
    /// - Throws: ``WonkeyCore/StoreError`` with code `.corrupt` for a type or number that is not ours.
    static func decode(_ bytes: UnsafeRawBufferPointer, of type: Oid) throws(StoreError) -> SQLValue {
        switch type {
        case TypeNumber.int8, TypeNumber.int4, TypeNumber.int2:
            let isNegative = unsafe (bytes.first ?? 0) >= 0x80
            return .integer(unsafe bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) })
        case TypeNumber.text, TypeNumber.varchar, TypeNumber.name, TypeNumber.unknown:
            return .text(unsafe String(decoding: bytes, as: UTF8.self))
        case TypeNumber.bytes: return .bytes(unsafe Array(bytes))
        case TypeNumber.bool: return .integer(unsafe bytes.first == 1 ? 1 : 0)
        case TypeNumber.numeric: return .integer(try unsafe self.integer(numeric: bytes))
        case TypeNumber.void: return .null
        default: throw StoreError(code: .corrupt, message: "a column has type \(type), which is not one of ours")
        }
    }

    /// A numeric without a fraction: four header words (digits, weight, sign, scale), then digits to base 10000.
    private static func integer(numeric bytes: UnsafeRawBufferPointer) throws(StoreError) -> Int64 {
        func word(_ index: Int) -> Int { unsafe Int(bytes[2 * index]) << 8 | Int(bytes[2 * index + 1]) }
        let notOurs = StoreError(code: .corrupt, message: "a stored number is not an integer")
        guard bytes.count >= 8, bytes.count == 8 + 2 * word(0) else { throw notOurs }
        let weight = Int(Int16(truncatingIfNeeded: word(1)))
        guard word(2) == 0 || word(2) == 0x4000, word(0) <= weight + 1 || word(0) == 0 else { throw notOurs }
        var magnitude: Int64 = 0
        for index in 0..<max(word(0) == 0 ? 0 : weight + 1, 0) {
            let digit = index < word(0) ? Int64(word(4 + index)) : 0
            let (product, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10_000)
            let (sum, isOver) = product.addingReportingOverflow(digit)
            guard !isTooLarge, !isOver else { throw notOurs }
            magnitude = sum
        }
        return word(2) == 0 ? magnitude : -magnitude
    }

    /// What the type of an array of these is called, or `nil` for a type that is not ours.
    static func arrayName(of type: UInt32) -> String? {
        switch type {
        case TypeNumber.int8: "bigint[]"
        case TypeNumber.text: "text[]"
        case TypeNumber.bytes: "bytea[]"
        default: nil
        }
    }

    /// A one-dimensional array of one column's values.
    ///
    /// - Parameters:
    ///   - values: All of type `type` or null.
    ///   - count: How many there are.
    ///   - type: One with an ``arrayName(of:)``.
    /// - Returns: Its binary form.
    static func array(_ values: some Sequence<SQLValue>, count: Int, of type: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + count * 24)
        for word in [1, values.contains(.null) ? 1 : 0, type, UInt32(count), 1] {
            bytes.appendBigEndian(word)
        }
        for value in values {
            switch value {
            case .null: bytes.appendBigEndian(UInt32.max)
            case .integer(let number):
                bytes.appendBigEndian(UInt32(8))
                bytes.appendBigEndian(UInt64(bitPattern: number))
            case .text(let text):
                bytes.appendBigEndian(UInt32(text.utf8.count))
                bytes.append(contentsOf: text.utf8)
            case .bytes(let content):
                bytes.appendBigEndian(UInt32(content.count))
                bytes.append(contentsOf: content)
            }
        }
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian(_ number: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            self.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
