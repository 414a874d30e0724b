/// What one key used on one day (UTC), to be added to what is stored.
package struct UsageDelta: Equatable, Sendable {
    package var projectID: ProjectID
    package var keyID: KeyID
    /// Days since 1970-01-01 in UTC.
    package var day: Int64
    /// Requests that were admitted by the gate.
    package var requests: Int64
    package var images: Int64
    /// The latest use in this batch, for the key's `last_used_at`.
    package var lastUsedAt: Timestamp

    package init(
        projectID: ProjectID,
        keyID: KeyID,
        day: Int64,
        requests: Int64,
        images: Int64,
        lastUsedAt: Timestamp
    ) {
        self.projectID = projectID
        self.keyID = keyID
        self.day = day
        self.requests = requests
        self.images = images
        self.lastUsedAt = lastUsedAt
    }
}

/// What is written at once: sampled records, and usage and rollups of all requests, sampled or not.
package struct LogBatch: Equatable, Sendable {
    /// Unique; a batch whose id was applied before is skipped whole, so that replaying is harmless.
    package var id: String
    package var records: [RequestRecord]
    package var usage: [UsageDelta]
    /// What all requests did; each project, key, path and minute once.
    package var rollups: [RollupDelta]

    package init(id: String, records: [RequestRecord], usage: [UsageDelta], rollups: [RollupDelta] = []) {
        self.id = id
        self.records = records
        self.usage = usage
        self.rollups = rollups
    }
}

/// Where batches go: the store, standard output, later ClickHouse.
package protocol LogSink: Sendable {
    /// Writes a batch, idempotently by its id: usage and rollups count once, and not before all records are there.
    ///
    /// - Throws: ``StoreError``; nothing of it was counted then, and what was written of its records is ignored when they come
    ///   again.
    func write(_ batch: LogBatch) async throws(StoreError)
}

/// What a spool holds.
package struct LogSpoolStatus: Equatable, Sendable {
    package var batches: Int
    /// In those batches.
    package var records: Int
    package var bytes: Int64
    /// Records in files found damaged and set aside since the spool was opened.
    package var damagedRecords: Int

    package init(batches: Int = 0, records: Int = 0, bytes: Int64 = 0, damagedRecords: Int = 0) {
        self.batches = batches
        self.records = records
        self.bytes = bytes
        self.damagedRecords = damagedRecords
    }
}

/// Keeps batches on disk, in order, while the sink is away.
package protocol LogSpool: Sendable {
    /// What is in the spool now.
    func status() async throws(StoreError) -> LogSpoolStatus

    /// Appends a batch durably.
    ///
    /// - Throws: ``StoreError``, with code `.full` once the spool has reached its size limit.
    func append(_ batch: LogBatch) async throws(StoreError)

    /// The oldest batch, or `nil` if the spool is empty.
    ///
    /// A damaged file is set aside (renamed, never deleted) and skipped.
    func first() async throws(StoreError) -> LogBatch?

    /// Forgets the oldest batch after it was written.
    func removeFirst() async throws(StoreError)
}
