/// Durations and quotas as people write them in the configuration and on the command line.
extension Duration {
    /// The units, largest first.
    private static let textUnits: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads `50ms`, `2s`, `1m`, `24h` or `7d`: a whole number and its unit, without spaces.
    ///
    /// Gives `nil` unless the text fits and the value is at most a century (36 525 days).
    ///
    /// - Parameter text: The whole text and nothing else; in lower case.
    package init?(text: some StringProtocol) {
        var scanner = DigitScanner(text.utf8)
        guard let number = scanner.wholeNumber() else { return nil }
        let unit = scanner.remainder
        guard let factor = Self.textUnits.first(where: { $0.name == unit })?.milliseconds else { return nil }
        let (milliseconds, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, milliseconds <= 36_525 * 86_400_000 else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// The same notation, in the largest unit that divides the duration: `1m`, not `60s`; `90s`, not `1.5m`.
    ///
    /// Exact down to milliseconds, for durations that are not negative.
    package var text: String {
        let milliseconds = self.milliseconds
        guard milliseconds != 0 else { return "0s" }
        let unit = Self.textUnits.first { milliseconds % $0.milliseconds == 0 }
        return "\(milliseconds / (unit?.milliseconds ?? 1))\(unit?.name ?? "ms")"
    }
}

extension Quota {
    /// Reads `LIMIT/WINDOW`, such as `100/1m`.
    ///
    /// Gives `nil` unless the limit is a whole number from 0 on and the window a duration of at least 1 ms.
    ///
    /// - Parameter text: The whole text and nothing else.
    package init?(text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let window = Duration(text: parts[1]), window >= .milliseconds(1) else { return nil }
        var scanner = DigitScanner(parts[0].utf8)
        guard let limit = scanner.wholeNumber(), scanner.isAtEnd else { return nil }
        self.init(limit: Int(limit), window: window)
    }

    /// `100/1m`.
    package var text: String { "\(self.limit)/\(self.window.text)" }
}
