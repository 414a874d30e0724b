package import WonkeyCore

/// Gives log records as they are written, oldest first, each once.
///
/// Proxies write in batches, so that a record may arrive after a younger one of another proxy: every look goes back
/// ``overlap`` and leaves out what it gave before. Records that arrive later than that, such as from a spool, are left out.
package struct FollowLogs: Sendable {
    /// How late a record may arrive.
    package static let overlap = Duration.seconds(3)
    /// How many older records may be shown first.
    package static let lastRange = 0...1_000

    private let filter: LogFilter
    /// The last records that existed at the start, oldest first.
    package let last: [RequestRecord]
    private var newest: Timestamp
    /// Ids given, with their times; only those young enough to be met again.
    private var given: [String: Timestamp] = [:]

    /// Starts after what exists.
    ///
    /// - Parameters:
    ///   - selection: What to follow.
    ///   - last: How many of the existing records to give as ``last``; in ``lastRange``.
    ///   - context: Where.
    /// - Throws: ``OperationError``.
    package init(
        _ selection: LogSelection,
        last: Int,
        in context: AdministrationContext
    ) async throws(OperationError) {
        guard Self.lastRange.contains(last) else {
            throw .invalid("following begins with \(Self.lastRange.lowerBound) to \(Self.lastRange.upperBound) records")
        }
        guard selection.to == nil else { throw .invalid("following has no end; leave out the end time") }
        let filter = try await selection.filter(in: context)
        let existing = try await asking { () async throws(StoreError) in
            try await context.logs.records(filter, before: nil, limit: max(last, 1))
        }
        self.filter = filter
        self.last = existing.prefix(last).reversed()
        self.newest = existing.first?.time ?? context.clock.now
        try await self.skip(until: self.newest, in: context)
    }

    /// The records that were written since the last look.
    ///
    /// - Returns: Up to 1000; none if there is nothing new.
    /// - Throws: ``OperationError``; what was not given is given next time.
    package mutating func next(in context: AdministrationContext) async throws(OperationError) -> [RequestRecord] {
        self.given = self.given.filter { $0.value >= self.horizon }
        var cursor: LogCursor? = LogCursor(time: self.horizon, id: "")
        while let after = cursor {
            let page = try await self.page(after: after, in: context)
            let new = page.records.filter { self.given[$0.id] == nil }
            self.give(new)
            if !new.isEmpty { return new }
            cursor = page.next
        }
        return []
    }

    private var horizon: Timestamp { self.newest + (.zero - Self.overlap) }

    private mutating func give(_ records: [RequestRecord]) {
        for record in records {
            self.given[record.id] = record.time
            self.newest = max(self.newest, record.time)
        }
    }

    /// Takes what exists up to `end` as given.
    private mutating func skip(
        until end: Timestamp,
        in context: AdministrationContext
    ) async throws(OperationError) {
        var cursor: LogCursor? = LogCursor(time: self.horizon, id: "")
        while let after = cursor {
            let page = try await self.page(after: after, in: context)
            self.give(page.records.filter { $0.time <= end })
            cursor = (page.records.last?.time ?? end) < end ? page.next : nil
        }
    }

    private func page(
        after: LogCursor,
        in context: AdministrationContext
    ) async throws(OperationError) -> (records: [RequestRecord], next: LogCursor?) {
        let filter = self.filter
        let records = try await asking { () async throws(StoreError) in
            try await context.logs.records(filter, after: after, limit: 1_000)
        }
        let next = records.count < 1_000 ? nil : records.last.map { LogCursor(time: $0.time, id: $0.id) }
        return (records, next)
    }
}
