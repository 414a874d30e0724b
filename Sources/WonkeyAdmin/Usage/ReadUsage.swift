package import WonkeyCore

/// What a project's keys used, by day (UTC) and key.
package struct ReadUsage: Sendable {
    /// Days with use, and their sum.
    package struct Outcome: Equatable, Sendable {
        package var days: [DailyUsage]
        package var requests: Int64
        package var images: Int64
    }

    /// A name or id.
    package var project: String
    /// A key's id.
    package var key: String?
    /// The first day; a duration counts back from now.
    ///
    /// 30 days with today if `nil`.
    package var from: Moment?
    /// The last day, inclusive; today if `nil`.
    package var to: Moment?

    package init(project: String, key: String? = nil, from: Moment? = nil, to: Moment? = nil) {
        self.project = project
        self.key = key
        self.from = from
        self.to = to
    }

    /// Days that one answer covers, at most.
    package static let daysMax: Int64 = 366

    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        let now = context.clock.now
        let toDay = self.to?.before(now).daysSinceEpoch ?? now.daysSinceEpoch
        let fromDay = self.from?.before(now).daysSinceEpoch ?? toDay - 29
        guard fromDay <= toDay else {
            let days = "\(CivilDate(daysSinceEpoch: fromDay)) and ends on \(CivilDate(daysSinceEpoch: toDay))"
            throw .invalid("the time span is empty: it starts on \(days)", field: "from")
        }
        guard toDay - fromDay < Self.daysMax else {
            throw .invalid("the time span has more than \(Self.daysMax) days", field: "from")
        }
        var keyID: KeyID?
        if let key { keyID = try KeyID(checking: key) }
        let project = try await context.project(self.project)
        let days = try await asking { [keyID] () async throws(StoreError) in
            try await context.logs.usage(of: project.id, key: keyID, fromDay: fromDay, toDay: toDay)
        }
        return Outcome(
            days: days,
            requests: days.reduce(0) { $0 + $1.requests },
            images: days.reduce(0) { $0 + $1.images }
        )
    }
}
