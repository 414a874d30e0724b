extension Migration {
    /// The class of a status as a column, so that it can be asked for under row-level security.
    ///
    /// PostgreSQL looks into an index before a policy only for functions that cannot tell of what they saw, and its division
    /// is none of these. There it rewrites the table, as long as that takes. The status itself ends the index, so that a
    /// rare one is found among those of its class without looking at their rows.
    static let statusClass = Self(
        number: 13,
        name: "status class",
        template: """
            ALTER TABLE request_logs ADD COLUMN status_class {int} GENERATED ALWAYS AS (status / 100) {generated};
            DROP INDEX request_logs_class;
            CREATE INDEX request_logs_class ON request_logs (project_id, status_class, time, id, status);
            """
    )
}
