/// Reads digits and single characters off the front of a text, for dates and durations.
///
/// A failed step leaves the scanner where it was.
struct DigitScanner {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) {
        self.rest = Array(bytes)[...]
    }

    var isAtEnd: Bool { self.rest.isEmpty }

    /// Takes one of the characters.
    ///
    /// - Parameter characters: In ASCII.
    /// - Returns: Whether one of them was next.
    mutating func take(_ characters: String) -> Bool {
        guard let next = self.rest.first, characters.utf8.contains(next) else { return false }
        self.rest.removeFirst()
        return true
    }

    /// Takes exactly so many decimal digits.
    mutating func number(digits: Int) -> Int? {
        guard self.rest.count >= digits, self.rest.prefix(digits).allSatisfy(Self.isDigit) else { return nil }
        let value = self.rest.prefix(digits).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        self.rest.removeFirst(digits)
        return value
    }

    /// Takes all digits that follow, at least one.
    mutating func digits() -> [UInt8]? {
        let digits = Array(self.rest.prefix(while: Self.isDigit))
        guard !digits.isEmpty else { return nil }
        self.rest.removeFirst(digits.count)
        return digits.map { $0 - UInt8(ascii: "0") }
    }

    /// Takes all digits that follow as one number.
    ///
    /// - Returns: `nil` if there is none, or the number does not fit.
    mutating func wholeNumber() -> Int64? {
        let before = self.rest
        guard let digits = self.digits() else { return nil }
        var value: Int64 = 0
        for digit in digits {
            let (product, productOverflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflows) = product.addingReportingOverflow(Int64(digit))
            guard !productOverflows, !sumOverflows else {
                self.rest = before
                return nil
            }
            value = sum
        }
        return value
    }

    /// What was not taken, as text.
    var remainder: String { String(decoding: self.rest, as: UTF8.self) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
