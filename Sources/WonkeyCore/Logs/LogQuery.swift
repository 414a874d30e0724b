/// Which records to show or count.
package struct LogFilter: Equatable, Sendable {
    package enum StatusFilter: Equatable, Sendable {
        case exactly(Int)
        /// `4` stands for 400–499.
        case statusClass(Int)
    }
    package var projectID: ProjectID
    package var keyID: KeyID?
    package var status: StatusFilter?
    /// Exact path, or a prefix if it ends in `*`.
    package var path: String?
    package var method: String?
    /// Inclusive.
    package var from: Timestamp?
    /// Exclusive.
    package var to: Timestamp?

    package init(
        projectID: ProjectID,
        keyID: KeyID? = nil,
        status: StatusFilter? = nil,
        path: String? = nil,
        method: String? = nil,
        from: Timestamp? = nil,
        to: Timestamp? = nil
    ) {
        self.projectID = projectID
        self.keyID = keyID
        self.status = status
        self.path = path
        self.method = method
        self.from = from
        self.to = to
    }
}

/// A place in the log, between two records.
package typealias LogCursor = ListPlace

/// What one key used on one day.
package struct DailyUsage: Equatable, Sendable {
    package var keyID: KeyID
    /// Days since 1970-01-01 in UTC.
    package var day: Int64
    package var requests: Int64
    package var images: Int64

    package init(keyID: KeyID, day: Int64, requests: Int64, images: Int64) {
        self.keyID = keyID
        self.day = day
        self.requests = requests
        self.images = images
    }
}

/// Reads the request log, and the usage and figures counted from it.
package protocol LogRepository: AnalyticsRepository {
    /// Records newest first, at most `limit` (1–1000), older than `before` where given.
    func records(_ filter: LogFilter, before: LogCursor?, limit: Int) async throws(StoreError) -> [RequestRecord]
    /// How far the log has been written.
    func mark() async throws(StoreError) -> LogMark
    /// Records in the order in which they arrived, at most `limit` (1–1000).
    func records(_ filter: LogFilter, arrived span: LogArrivals, limit: Int) async throws(StoreError)
        -> LogArrivals.Page
    func count(_ filter: LogFilter) async throws(StoreError) -> Int
    /// Daily usage of a project, by day and key; days are inclusive.
    func usage(
        of project: ProjectID,
        key: KeyID?,
        fromDay: Int64,
        toDay: Int64
    ) async throws(StoreError) -> [DailyUsage]
}
