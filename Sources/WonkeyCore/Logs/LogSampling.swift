/// Which requests are logged.
///
/// Pure: the same record with the same number always gets the same answer.
package struct LogSampling: Equatable, Sendable {
    /// Logs one success out of so many, at least 1.
    package var oneOutOf: Int

    package init(oneOutOf: Int) {
        self.oneOutOf = oneOutOf
    }

    /// Errors are always logged: a status from 400 on, a status below 100 (no answer was sent) or anybody's fault.
    package static func isError(_ record: RequestRecord) -> Bool {
        record.status >= 400 || record.status < 100 || record.fault != .none
    }

    /// Whether to log a record.
    ///
    /// - Parameters:
    ///   - record: Its status and fault decide whether sampling applies.
    ///   - number: Counts the successes before this one; the first one is kept.
    /// - Returns: `true` for every error and for one success out of ``oneOutOf``.
    package func keeps(_ record: RequestRecord, number: Int) -> Bool {
        Self.isError(record) || number % self.oneOutOf == 0
    }
}
