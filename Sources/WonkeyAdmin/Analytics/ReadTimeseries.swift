package import WonkeyCore

/// One figure of a project over time, bucket by bucket, those without requests included.
package struct ReadTimeseries: Sendable {
    package struct Outcome: Equatable, Sendable {
        package var projectID: ProjectID
        package var metric: AnalyticsMetric
        package var span: AnalyticsSpan
        /// By number; buckets without requests are missing.
        package var figures: [Int64: AnalyticsFigures]
    }

    /// Buckets that one answer has, at most: a day of minutes and an hour, two months of hours, four years of days.
    package static let bucketsMax = 1_500

    /// A name or id.
    package var project: String
    package var bucket: AnalyticsBucket
    package var metric: AnalyticsMetric
    /// Inclusive; an hour of minutes, a day of hours or 30 days before the end if `nil`.
    package var from: Moment?
    /// Exclusive; now if `nil`.
    package var to: Moment?

    package init(
        project: String,
        bucket: AnalyticsBucket,
        metric: AnalyticsMetric,
        from: Moment? = nil,
        to: Moment? = nil
    ) {
        self.project = project
        self.bucket = bucket
        self.metric = metric
        self.from = from
        self.to = to
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        let span = try AnalyticsSpan(
            of: self.bucket,
            from: self.from,
            to: self.to,
            length: self.length,
            countMax: Self.bucketsMax,
            now: context.clock.now
        )
        let project = try await context.project(self.project)
        let figures = try await asking { () async throws(StoreError) in
            try await context.logs.figures(of: project.id, by: self.bucket, in: span.numbers)
        }
        return Outcome(projectID: project.id, metric: self.metric, span: span, figures: figures)
    }

    private var length: Duration {
        switch self.bucket {
        case .minute: .seconds(3_600)
        case .hour: .seconds(86_400)
        case .day: .seconds(30 * 86_400)
        }
    }
}
