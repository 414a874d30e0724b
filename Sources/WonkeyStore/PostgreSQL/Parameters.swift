internal import CLibPQ

/// The values of a statement in the arrays that libpq wants.
///
/// Integers go as digits, so that the server may take them for any integer type; text and bytes go as they are, with
/// their lengths. The types are the server's to infer.
///
/// `@safe`: the pointers are good for the one call that ``with(_:_:)`` makes, and only libpq's send functions read them.
@safe struct Parameters {
    let count: Int32
    let values: UnsafePointer<UnsafePointer<CChar>?>?
    let lengths: UnsafePointer<Int32>?
    let formats: UnsafePointer<Int32>?

    /// Calls `body` with pointers that are good until it returns.
    ///
    /// - Parameters:
    ///   - values: What to bind.
    ///   - body: Must not keep the pointers.
    /// - Returns: What `body` returns.
    static func with<Value>(_ values: [SQLValue], _ body: (Parameters) -> Value) -> Value {
        var bytes: [UInt8] = []
        var places: [Int?] = []
        var lengths: [Int32] = []
        var formats: [Int32] = []
        for value in values {
            let start = bytes.count
            switch value {
            case .null: break
            case .integer(let number): bytes.append(contentsOf: String(number).utf8)
            case .text(let text): bytes.append(contentsOf: text.utf8)
            case .bytes(let content): bytes.append(contentsOf: content)
            }
            places.append(value == .null ? nil : start)
            lengths.append(Int32(bytes.count - start))
            if case .integer = value { formats.append(0) } else { formats.append(1) }
            // Ends the digits; behind text and bytes it is not read.
            bytes.append(0)
        }
        return unsafe bytes.withUnsafeBytes { buffer in
            let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers = unsafe places.map { place in
                unsafe place.flatMap { offset in unsafe base.map { unsafe $0 + offset } }
            }
            return unsafe pointers.withUnsafeBufferPointer { pointers in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(
                            Parameters(
                                count: Int32(values.count),
                                values: pointers.baseAddress,
                                lengths: lengths.baseAddress,
                                formats: formats.baseAddress
                            )
                        )
                    }
                }
            }
        }
    }
}
