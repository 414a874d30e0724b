package import WonkeyCore

/// Log records, newest first.
package struct ReadLogs: Sendable {
    /// Records, and where the next ones begin.
    package struct Outcome: Equatable, Sendable {
        package var records: [RequestRecord]
        /// `nil` if these were the last.
        package var next: LogCursor?
    }

    package static let limitRange = 1...10_000

    package var selection: LogSelection
    /// In ``limitRange``.
    package var limit: Int
    /// Only older ones: what an earlier answer gave as `next`.
    package var before: LogCursor?

    package init(selection: LogSelection, limit: Int, before: LogCursor? = nil) {
        self.selection = selection
        self.limit = limit
        self.before = before
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        guard Self.limitRange.contains(self.limit) else {
            throw .invalid("a limit is from \(Self.limitRange.lowerBound) to \(Self.limitRange.upperBound)")
        }
        let filter = try await self.selection.filter(in: context)
        var outcome = Outcome(records: [], next: self.before)
        repeat {
            let (cursor, wanted) = (outcome.next, min(self.limit - outcome.records.count, 1_000))
            let page = try await asking { () async throws(StoreError) in
                try await context.logs.records(filter, before: cursor, limit: wanted)
            }
            outcome.records += page
            outcome.next = page.count < wanted ? nil : page.last.map { LogCursor(time: $0.time, id: $0.id) }
        } while outcome.next != nil && outcome.records.count < self.limit
        return outcome
    }
}
