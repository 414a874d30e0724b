/// Sizes as people write them: `64KiB`, `1GiB`.
enum ByteSize {
    /// Largest first.
    private static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    static let unitNames = "B, KiB, MiB, GiB, TiB"

    /// Reads a whole number and its unit, without spaces; `0` needs no unit.
    ///
    /// - Parameter text: The whole text.
    /// - Returns: Bytes, or `nil` if the text is no size or too large for 64 bits.
    static func bytes(_ text: String) -> Int? {
        if text == "0" { return 0 }
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        let name = text[digits.endIndex...]
        guard let number = Int(digits), let unit = Self.units.first(where: { $0.name == name }) else { return nil }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflows ? nil : bytes
    }

    /// The same notation, in the largest unit that divides the size.
    ///
    /// - Parameter bytes: At least 0.
    /// - Returns: Such as `64KiB`.
    static func text(_ bytes: Int) -> String {
        guard bytes != 0, let unit = Self.units.first(where: { bytes % $0.bytes == 0 }) else { return "0" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
