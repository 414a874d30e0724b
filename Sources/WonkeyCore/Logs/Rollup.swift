/// Sums over requests.
package struct RollupCounts: Equatable, Sendable {
    package var requests: Int64
    /// Of them, those that sampling always keeps (``LogSampling/isError(_:)``).
    package var errors: Int64
    /// Of the errors, those that are not the client's: see ``isServerError(_:)``.
    package var serverErrors: Int64
    package var bytesReceived: Int64
    package var bytesSent: Int64
    package var images: Int64

    package init(
        requests: Int64 = 0,
        errors: Int64 = 0,
        serverErrors: Int64 = 0,
        bytesReceived: Int64 = 0,
        bytesSent: Int64 = 0,
        images: Int64 = 0
    ) {
        self.requests = requests
        self.errors = errors
        self.serverErrors = serverErrors
        self.bytesReceived = bytesReceived
        self.bytesSent = bytesSent
        self.images = images
    }

    package init(_ record: RequestRecord) {
        self.init(
            requests: 1,
            errors: LogSampling.isError(record) ? 1 : 0,
            serverErrors: Self.isServerError(record) ? 1 : 0,
            bytesReceived: record.bytesReceived,
            bytesSent: record.bytesSent,
            images: Int64(record.images)
        )
    }

    package static func += (lhs: inout Self, rhs: Self) {
        lhs.requests.addSaturating(rhs.requests)
        lhs.errors.addSaturating(rhs.errors)
        lhs.serverErrors.addSaturating(rhs.serverErrors)
        lhs.bytesReceived.addSaturating(rhs.bytesReceived)
        lhs.bytesSent.addSaturating(rhs.bytesSent)
        lhs.images.addSaturating(rhs.images)
    }

    /// A status from 500 on, no answer at all (a status below 100), or a fault of the upstream's or the proxy's.
    package static func isServerError(_ record: RequestRecord) -> Bool {
        switch record.fault {
        case .upstream, .proxy: true
        case .none, .downstream: record.status >= 500 || record.status < 100
        }
    }
}

/// What one key did on one path in one minute, to be added to what is stored.
///
/// Every request of a project counts, refused or not, logged or left out by sampling.
package struct RollupDelta: Equatable, Sendable {
    /// Stands for all paths (or keys) that found no place among the bounded number of a project's; no path begins so.
    package static let other = "(other)"

    package var projectID: ProjectID
    package var keyID: KeyID?
    /// As logged, or ``other``.
    package var path: String
    /// Minutes since 1970-01-01T00:00Z.
    package var minute: Int64
    package var counts: RollupCounts
    package var latency: LatencyHistogram

    package init(
        projectID: ProjectID,
        keyID: KeyID?,
        path: String,
        minute: Int64,
        counts: RollupCounts,
        latency: LatencyHistogram
    ) {
        self.projectID = projectID
        self.keyID = keyID
        self.path = path
        self.minute = minute
        self.counts = counts
        self.latency = latency
    }
}

/// Adds up what requests did, by project, key, path and minute.
package struct RollupTally: Sendable {
    private struct Subject: Hashable {
        var projectID: ProjectID
        var keyID: KeyID?
        var path: String
        var minute: Int64
    }

    private var places: [Subject: Int] = [:]
    /// In the order in which their subjects came.
    package private(set) var sums: [RollupDelta] = []

    package init() {}

    /// How many sums there are.
    package var count: Int { self.sums.count }

    /// Counts a request; one that belongs to no project counts nowhere.
    package mutating func count(_ record: RequestRecord) {
        guard let projectID = record.projectID else { return }
        let subject = Subject(
            projectID: projectID,
            keyID: record.keyID,
            path: record.path,
            minute: record.time.minutesSinceEpoch
        )
        let place = self.places[subject] ?? self.insert(subject)
        self.sums[place].counts += RollupCounts(record)
        self.sums[place].latency.record(microseconds: record.latencyMicroseconds)
    }

    /// Adds what was counted elsewhere; loses nothing.
    ///
    /// - Parameters:
    ///   - delta: Added to the sum of its subject.
    ///   - countMax: Where there are so many sums, a new one forgets its path, and where there are twice as many its key,
    ///     and so joins others.
    package mutating func add(_ delta: RollupDelta, countMax: Int) {
        var subject = Subject(
            projectID: delta.projectID,
            keyID: delta.keyID,
            path: delta.path,
            minute: delta.minute
        )
        if self.places[subject] == nil, self.count >= countMax { subject.path = RollupDelta.other }
        if self.places[subject] == nil, self.count >= 2 * countMax { subject.keyID = nil }
        let place = self.places[subject] ?? self.insert(subject)
        self.sums[place].counts += delta.counts
        self.sums[place].latency.add(delta.latency)
    }

    private mutating func insert(_ subject: Subject) -> Int {
        self.places[subject] = self.sums.count
        self.sums.append(
            RollupDelta(
                projectID: subject.projectID,
                keyID: subject.keyID,
                path: subject.path,
                minute: subject.minute,
                counts: RollupCounts(),
                latency: LatencyHistogram()
            )
        )
        return self.sums.count - 1
    }
}

extension Timestamp {
    /// Minutes since 1970-01-01T00:00Z, rounded down.
    package var minutesSinceEpoch: Int64 {
        let quotient = self.millisecondsSinceEpoch / 60_000
        return self.millisecondsSinceEpoch % 60_000 < 0 ? quotient - 1 : quotient
    }
}

extension FixedWidthInteger {
    /// Adds, and stops at the largest number: what was stored may be nonsense, which must not end the process.
    mutating func addSaturating(_ other: Self) {
        let (sum, overflows) = self.addingReportingOverflow(other)
        self = overflows ? (other > 0 ? .max : .min) : sum
    }
}
