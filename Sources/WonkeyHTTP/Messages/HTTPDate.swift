internal import Glibc

/// Writes dates as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since the Unix epoch, now.
    static var nowSeconds: Int64 { Int64(time(nil)) }

    /// The text of a time at or after the epoch.
    static func text(seconds: Int64) -> String {
        let days = seconds / 86_400
        let rest = seconds % 86_400
        let (year, month, day) = HTTPDate.civil(days: days)
        let clock = "\(HTTPDate.two(rest / 3600)):\(HTTPDate.two(rest / 60 % 60)):\(HTTPDate.two(rest % 60))"
        let weekday = HTTPDate.weekdays[Int(days % 7)]
        return "\(weekday), \(HTTPDate.two(day)) \(HTTPDate.months[Int(month - 1)]) \(year) \(clock) GMT"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The proleptic Gregorian date of a day, by counting eras of 400 years from 1 March 0000.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
