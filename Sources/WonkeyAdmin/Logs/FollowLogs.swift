package import WonkeyCore

/// Gives log records as they arrive, each once: those of other proxies and of a spool too, however old they are by then.
package struct FollowLogs: Sendable {
    /// How many older records may be shown first.
    package static let lastRange = 0...1_000

    private let filter: LogFilter
    /// The last records that existed at the start, oldest first.
    package let last: [RequestRecord]
    /// Those of ``last``, of which some may have arrived after the first mark.
    private let shown: Set<String>
    /// All that had arrived by then was given.
    private var mark: LogMark
    /// What is being given.
    private var rest: LogArrivals?

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
        self.mark = try await asking { () async throws(StoreError) in try await context.logs.mark() }
        let existing = try await asking { () async throws(StoreError) in
            try await context.logs.records(filter, before: nil, limit: max(last, 1))
        }
        self.filter = filter
        self.last = existing.prefix(last).reversed()
        self.shown = Set(self.last.map(\.id))
    }

    /// The records that arrived since the last look, by time.
    ///
    /// - Returns: Up to 1000; none if there is nothing new.
    /// - Throws: ``OperationError``; what was not given is given next time.
    package mutating func next(in context: AdministrationContext) async throws(OperationError) -> [RequestRecord] {
        let (filter, mark) = (self.filter, self.mark)
        var rest: LogArrivals
        if let begun = self.rest {
            rest = begun
        } else {
            let now = try await asking { () async throws(StoreError) in try await context.logs.mark() }
            guard now != mark else { return [] }
            rest = LogArrivals(from: mark, to: now)
        }
        while true {
            let span = rest
            let page = try await asking { () async throws(StoreError) in
                try await context.logs.records(filter, arrived: span, limit: 1_000)
            }
            rest.place = page.next
            self.rest = page.next == nil ? nil : rest
            if page.next == nil { self.mark = rest.to }
            let new = page.records.filter { !self.shown.contains($0.id) }
            if !new.isEmpty || page.next == nil { return new.sorted { ($0.time, $0.id) < ($1.time, $1.id) } }
        }
    }
}
