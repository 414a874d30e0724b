extension Timestamp {
    /// The first and the last moment that RFC 3339 can write: it has four digits for the year.
    fileprivate static let rfc3339Range = Int64(-62_167_219_200_000)...253_402_300_799_999

    /// `2026-11-21T09:42:40.123Z`: always UTC, always milliseconds, so that texts sort like times.
    ///
    /// Moments outside the years 0000–9999 are written as the nearest one inside.
    package var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        bytes.append(rfc3339: self)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads an RFC 3339 `date-time`: any offset, any number of fraction digits (cut to milliseconds).
    ///
    /// A leap second (`23:59:60` UTC at the end of a month) is read as the second after it, as POSIX counts. Gives `nil`
    /// unless the text fits the grammar and the date, the time and the offset exist.
    ///
    /// - Parameter text: The whole text and nothing else.
    /// - SeeAlso: RFC 3339 §5.6 and §5.7.
    package init?(rfc3339 text: some StringProtocol) {
        var scanner = DigitScanner(text.utf8)
        guard let date = Self.scanDate(&scanner), scanner.take("Tt"), let time = Self.scanTime(&scanner),
            let offset = Self.scanOffset(&scanner), scanner.isAtEnd
        else { return nil }
        let minutes = Int64(time.hour * 60 + time.minute - offset)
        let seconds = date.daysSinceEpoch * 86_400 + minutes * 60 + Int64(time.second)
        if time.second == 60 {
            // In UTC it must be the last second of a month: what follows is midnight of a first day.
            guard seconds % 86_400 == 0,
                CivilDate(daysSinceEpoch: Self(millisecondsSinceEpoch: seconds * 1_000).daysSinceEpoch).day == 1
            else { return nil }
        }
        self.init(millisecondsSinceEpoch: seconds * 1_000 + Int64(time.millisecond))
    }

    private static func scanDate(_ scanner: inout DigitScanner) -> CivilDate? {
        guard let year = scanner.number(digits: 4), scanner.take("-"), let month = scanner.number(digits: 2),
            scanner.take("-"), let day = scanner.number(digits: 2)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)
    }

    private static func scanTime(
        _ scanner: inout DigitScanner
    ) -> (hour: Int, minute: Int, second: Int, millisecond: Int)? {
        guard let hour = scanner.number(digits: 2), hour < 24, scanner.take(":"),
            let minute = scanner.number(digits: 2), minute < 60, scanner.take(":"),
            let second = scanner.number(digits: 2), second <= 60
        else { return nil }
        guard scanner.take(".") else { return (hour, minute, second, 0) }
        guard let digits = scanner.digits() else { return nil }
        let millisecond = (0..<3).reduce(0) { $0 * 10 + ($1 < digits.count ? Int(digits[$1]) : 0) }
        return (hour, minute, second, millisecond)
    }

    /// Minutes east of UTC.
    private static func scanOffset(_ scanner: inout DigitScanner) -> Int? {
        if scanner.take("Zz") { return 0 }
        let sign: Int
        if scanner.take("+") { sign = 1 } else if scanner.take("-") { sign = -1 } else { return nil }
        guard let hour = scanner.number(digits: 2), hour < 24, scanner.take(":"),
            let minute = scanner.number(digits: 2), minute < 60
        else { return nil }
        return sign * (hour * 60 + minute)
    }
}

extension [UInt8] {
    /// Appends ``Timestamp/rfc3339``.
    package mutating func append(rfc3339 time: Timestamp) {
        let range = Timestamp.rfc3339Range
        let clamped = Timestamp(
            millisecondsSinceEpoch: Swift.min(
                Swift.max(time.millisecondsSinceEpoch, range.lowerBound),
                range.upperBound
            )
        )
        let date = CivilDate(daysSinceEpoch: clamped.daysSinceEpoch)
        let milliseconds = (clamped.millisecondsSinceEpoch - clamped.daysSinceEpoch * 86_400_000).magnitude
        self.appendDecimal(UInt64(date.year), digits: 4)
        self.append(UInt8(ascii: "-"))
        self.appendDecimal(UInt64(date.month), digits: 2)
        self.append(UInt8(ascii: "-"))
        self.appendDecimal(UInt64(date.day), digits: 2)
        self.append(UInt8(ascii: "T"))
        self.appendDecimal(milliseconds / 3_600_000, digits: 2)
        self.append(UInt8(ascii: ":"))
        self.appendDecimal(milliseconds / 60_000 % 60, digits: 2)
        self.append(UInt8(ascii: ":"))
        self.appendDecimal(milliseconds / 1_000 % 60, digits: 2)
        self.append(UInt8(ascii: "."))
        self.appendDecimal(milliseconds % 1_000, digits: 3)
        self.append(UInt8(ascii: "Z"))
    }

    /// Appends a number in decimal.
    ///
    /// - Parameters:
    ///   - number: Written with as many digits as it has.
    ///   - digits: The least number of digits, at most 20; zeros fill it up.
    package mutating func appendDecimal(_ number: UInt64, digits: Int = 1) {
        // Not reversed in place: a slice of an array that is written to copies it.
        var text = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var first = text.count
        var rest = number
        repeat {
            first -= 1
            text[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in Swift.max(0, Swift.min(first, text.count - digits))..<text.count { self.append(text[index]) }
    }
}
