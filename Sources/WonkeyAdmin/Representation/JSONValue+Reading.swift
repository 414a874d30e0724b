package import WonkeyHTTP

extension JSONValue: JSONTree {
    package static let depthMax = 32

    /// Reads a whole JSON text, strictly (see ``WonkeyHTTP/JSONTree``), and without repeated names.
    ///
    /// Whole numbers within 64 bits are ``integer(_:)``, however written (`1e2`); all others ``number(_:)``, where what exceeds
    /// a double is the largest one.
    ///
    /// - Parameter bytes: UTF-8.
    /// - Throws: ``WonkeyHTTP/JSONSyntaxError``.
    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        self = try Self(json: bytes)
    }

    package static func truth(_ value: Bool) -> Self { .bool(value) }

    package static func number(text: String) -> Self? {
        if let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text) else { return nil }
        if let integer = Int64(exactly: double) { return .integer(integer) }
        let largest = Double.greatestFiniteMagnitude
        return .number(min(max(double, -largest), largest))
    }

    package static func string(bytes: ArraySlice<UInt8>) -> Self? {
        String(validating: bytes, as: UTF8.self).map { .string($0) }
    }

    package static func object(named members: [(name: String, value: Self)]) -> Self? {
        guard Set(members.map(\.name)).count == members.count else { return nil }
        return .object(members.map { Member($0.name, $0.value) })
    }
}
