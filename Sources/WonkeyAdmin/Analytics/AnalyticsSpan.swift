package import WonkeyCore

/// The whole buckets of time that an answer covers: those that the asked span touches.
///
/// Figures are kept by the bucket, so that a span that begins or ends within one is widened to it; the answer says what
/// it covers.
package struct AnalyticsSpan: Equatable, Sendable {
    package var bucket: AnalyticsBucket
    /// The buckets by number.
    package var numbers: Range<Int64>

    package var from: Timestamp { self.bucket.start(of: self.numbers.lowerBound) }
    /// Exclusive.
    package var to: Timestamp { self.bucket.start(of: self.numbers.upperBound) }

    /// Finds the buckets of a span.
    ///
    /// - Parameters:
    ///   - bucket: How long they are.
    ///   - from: Inclusive; `nil` for so long before the end.
    ///   - to: Exclusive; now if `nil`.
    ///   - length: How long the span is if `from` is `nil`.
    ///   - countMax: More buckets than these are refused.
    ///   - now: The time from which durations count back.
    /// - Throws: ``OperationError`` with code `.invalidInput` and the field `from`.
    init(
        of bucket: AnalyticsBucket,
        from: Moment?,
        to: Moment?,
        length: Duration,
        countMax: Int,
        now: Timestamp
    ) throws(OperationError) {
        let end = to?.before(now) ?? now
        let start = from?.before(now) ?? end + (.zero - length)
        guard start < end else {
            let span = "it starts at \(start.rfc3339) and ends before \(end.rfc3339)"
            throw .invalid("the time span is empty: \(span)", field: "from")
        }
        let numbers = bucket.cover(from: start, to: end)
        guard numbers.count <= countMax else {
            throw .invalid(
                "the time span has \(numbers.count) \(bucket.rawValue)s; at most \(countMax) are given at once",
                field: "from"
            )
        }
        self.bucket = bucket
        self.numbers = numbers
    }
}
