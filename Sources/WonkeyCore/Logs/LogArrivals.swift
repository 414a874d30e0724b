/// How far the log had been written at a moment, in the order in which batches arrive.
///
/// Batches take rising numbers when they begin, and may end in another order: so a mark tells of those under way as well.
package struct LogMark: Equatable, Sendable {
    /// Batches from this number on had not begun.
    package var next: Int64
    /// Batches before ``next`` that had not ended.
    package var open: [Int64]

    package init(next: Int64, open: [Int64] = []) {
        self.next = next
        self.open = open
    }
}

/// What arrived in the log between two moments, whatever the records' own times are.
package struct LogArrivals: Equatable, Sendable {
    /// Between two records, in the order of arrival and id.
    package struct Place: Equatable, Sendable {
        package var arrival: Int64
        package var id: String

        package init(arrival: Int64, id: String) {
            self.arrival = arrival
            self.id = id
        }
    }

    package struct Page: Equatable, Sendable {
        package var records: [RequestRecord]
        /// Where to go on; `nil` at the end.
        ///
        /// There may be more even behind a page with few records or none.
        package var next: Place?

        package init(records: [RequestRecord], next: Place?) {
            self.records = records
            self.next = next
        }
    }

    package var from: LogMark
    package var to: LogMark
    /// Only what comes after it.
    package var place: Place?

    package init(from: LogMark, to: LogMark, after place: Place? = nil) {
        self.from = from
        self.to = to
        self.place = place
    }
}
