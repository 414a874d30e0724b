extension Migration {
    /// In which order the rows of the log came, whatever their times are; `Schema.md` tells of it.
    ///
    /// Rows written before this step have none, so that nothing is rewritten.
    static let logArrivals = Self(
        number: 14,
        name: "log arrivals",
        template: """
            ALTER TABLE request_logs ADD COLUMN arrival {int};
            CREATE INDEX request_logs_arrival ON request_logs (arrival) WHERE arrival IS NOT NULL;
            """
    )

    /// Counts transactions for `arrival`, which PostgreSQL does by itself.
    static let logArrivalCounter = Self(
        number: 15,
        name: "log arrival counter",
        engine: .sqlite,
        template: """
            CREATE TABLE log_arrivals (last {int} NOT NULL) {table};
            INSERT INTO log_arrivals (last) VALUES (0);
            """
    )
}
