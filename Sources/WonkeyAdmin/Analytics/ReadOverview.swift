package import WonkeyCore

/// A project's figures over a span of whole hours, and its busiest keys and paths.
package struct ReadOverview: Sendable {
    package struct Outcome: Equatable, Sendable {
        package var projectID: ProjectID
        package var span: AnalyticsSpan
        package var overview: AnalyticsOverview
    }

    /// Hours that one answer covers, at most: 400 days, which is how long they are kept by default.
    package static let hoursMax = 400 * 24
    /// Keys and paths that are named, at most.
    package static let top = 10

    /// A name or id.
    package var project: String
    /// Inclusive; 24 hours before the end if `nil`.
    package var from: Moment?
    /// Exclusive; now if `nil`.
    package var to: Moment?

    package init(project: String, from: Moment? = nil, to: Moment? = nil) {
        self.project = project
        self.from = from
        self.to = to
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        let span = try AnalyticsSpan(
            of: .hour,
            from: self.from,
            to: self.to,
            length: .seconds(86_400),
            countMax: Self.hoursMax,
            now: context.clock.now
        )
        let project = try await context.project(self.project)
        let overview = try await asking { () async throws(StoreError) in
            try await context.logs.overview(of: project.id, hours: span.numbers, top: Self.top)
        }
        return Outcome(projectID: project.id, span: span, overview: overview)
    }
}
