package import WonkeyCore

/// A point in time as people give it: a date and time, a date, or how far from now.
package enum Moment: Equatable, Sendable {
    case at(Timestamp)
    /// So long from now, forwards or backwards as the option has it.
    case distance(Duration)

    /// Reads RFC 3339 (`2026-11-21T09:42:40Z`), a date (`2026-11-21`, midnight UTC) or a duration (`30d`).
    ///
    /// - Throws: ``OperationError`` with code `.invalidInput`.
    package init(_ text: String) throws(OperationError) {
        if let time = Timestamp(rfc3339: text) {
            self = .at(time)
        } else if let date = CivilDate(text) {
            self = .at(Timestamp(millisecondsSinceEpoch: date.daysSinceEpoch * 86_400_000))
        } else if let duration = Duration(text: text) {
            self = .distance(duration)
        } else {
            let examples = "such as 2026-11-21T09:42:40Z, 2026-11-21, 30d, 12h or 15m"
            throw .invalid("\(quoted(text)) is no time; give a time or a duration, \(examples)")
        }
    }

    /// The time, where a duration counts from `now` on.
    func after(_ now: Timestamp) -> Timestamp {
        switch self {
        case .at(let time): time
        case .distance(let duration): now + duration
        }
    }

    /// The time, where a duration counts back from `now`.
    func before(_ now: Timestamp) -> Timestamp {
        switch self {
        case .at(let time): time
        case .distance(let duration): now + (.zero - duration)
        }
    }
}
