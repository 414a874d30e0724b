import Logging
import WonkeyCore

/// Deletes what is older than it is to be kept, a little at a time.
///
/// Every transaction deletes at most ``batch`` records, or one project's oldest hour or day of sums, and is followed by a
/// pause, so that whoever writes the log never waits for long. Several cleaners may run at once: they find less to do.
package final class LogCleaner: Sendable {
    /// Records that one transaction deletes, at most.
    static let batch = 1_000
    /// How long others get between two transactions.
    static let pause = Duration.milliseconds(50)
    /// How often it looks.
    static let interval = Duration.seconds(600)

    private let database: any SQLDatabase
    private let retention: LogRetention
    private let clock: any WallClock
    private let timer: any Clock<Duration>
    private let logger: Logger

    init(
        _ database: any SQLDatabase,
        retention: LogRetention,
        clock: any WallClock,
        timer: any Clock<Duration>,
        logger: Logger
    ) {
        self.database = database
        self.retention = retention
        self.clock = clock
        self.timer = timer
        self.logger = logger
    }

    /// Deletes now and every ten minutes until the task is cancelled; goes on after failures.
    package func run() async {
        while !Task.isCancelled {
            do {
                let rows = try await self.sweep()
                if rows > 0 { self.logger.info("old log rows deleted", metadata: ["rows": "\(rows)"]) }
            } catch let error as StoreError where !Task.isCancelled {
                self.logger.warning("old log rows cannot be deleted", metadata: ["error": "\(error.message)"])
            } catch {
                return
            }
            try? await self.timer.sleep(for: Self.interval)
        }
    }

    /// Deletes everything that is too old.
    ///
    /// - Returns: How many rows.
    /// - Throws: ``WonkeyCore/StoreError``, or `CancellationError` between two transactions.
    package func sweep() async throws -> Int {
        let now = self.clock.now
        var rows = 0
        for subject in Subject.allCases {
            let horizon = now + (.zero - subject.age(self.retention))
            for project in try await self.projects(in: subject) {
                var deleted = 0
                repeat {
                    deleted = try await self.delete(subject, of: project, before: horizon)
                    rows += deleted
                    if deleted > 0 { try await self.timer.sleep(for: Self.pause) }
                } while deleted > 0
            }
        }
        return rows
    }

    /// The projects that have rows; `nil` stands for records of none.
    private func projects(in subject: Subject) async throws -> [ProjectID?] {
        let table = subject.table
        return try await self.database.read { connection in
            var projects: [ProjectID?] = subject == .records ? [nil] : []
            var last = ""
            // Jumps from project to project along the index instead of reading all rows.
            while let next = try connection.first(
                "SELECT project_id FROM \(table) WHERE project_id > \(last) ORDER BY project_id LIMIT 1",
                { try $0.text(0) }
            ) {
                projects.append(ProjectID(rawValue: next))
                last = next
            }
            return projects
        }
    }

    private func delete(
        _ subject: Subject,
        of project: ProjectID?,
        before horizon: Timestamp
    ) async throws(StoreError) -> Int {
        try await self.database.write { connection in
            switch subject {
            case .records:
                let condition: BoundSQL = project.map { "project_id = \($0)" } ?? "project_id IS NULL"
                return try connection.execute(
                    """
                    DELETE FROM request_logs WHERE id IN (
                        SELECT id FROM request_logs WHERE \(condition) AND time < \(horizon)
                        ORDER BY time, id LIMIT \(Self.batch)
                    )
                    """
                )
            case .minutes, .hours, .days:
                let end = subject.bucket.number(of: horizon)
                let oldest: BoundSQL = """
                    SELECT MIN(\(subject.slot)) FROM \(subject.table) WHERE project_id = \(project)
                    """
                let first = try connection.first(oldest) { $0.isNull(0) ? nil : try $0.integer(0) } ?? nil
                guard let first, first < end else { return 0 }
                return try connection.execute(
                    """
                    DELETE FROM \(subject.table) WHERE project_id = \(project)
                        AND \(subject.slot) >= \(first) AND \(subject.slot) < \(min(end, first + subject.step))
                    """
                )
            }
        }
    }
}

extension LogCleaner {
    private enum Subject: CaseIterable {
        case records, minutes, hours, days

        var table: BoundSQL {
            switch self {
            case .records: "request_logs"
            case .minutes: "usage_rollups_minutely"
            case .hours: "usage_rollups_hourly"
            case .days: "usage_rollups_daily"
            }
        }

        var slot: BoundSQL {
            switch self {
            case .records: "time"
            case .minutes: "minute"
            case .hours: "hour"
            case .days: "day"
            }
        }

        var bucket: AnalyticsBucket {
            switch self {
            case .records, .minutes: .minute
            case .hours: .hour
            case .days: .day
            }
        }

        /// Minutes have one row each, hours and days one for each key and path.
        var step: Int64 { self == .minutes ? 1_000 : 1 }

        func age(_ retention: LogRetention) -> Duration {
            switch self {
            case .records: retention.records
            case .minutes: retention.minutes
            case .hours, .days: retention.rollups
            }
        }
    }
}
