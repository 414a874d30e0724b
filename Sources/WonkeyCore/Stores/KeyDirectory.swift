/// Finds keys by hash for the data plane.
package protocol KeyDirectory: Sendable {
    /// The key whose SHA-256 is `hash`, with its permissions and overrides, or `nil` where there is none.
    func keyRecord(hash: KeyHash) async throws(StoreError) -> KeyRecord?
}

/// One row of the transactional outbox: something a cache may hold has changed.
package struct Change: Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// A key was created, changed, revoked, rotated or deleted, or its own overrides or permissions changed.
        case key
        /// A project was changed or deleted, or its overrides changed: every key of it is affected.
        case project
    }
    /// Strictly increasing in commit order.
    package var sequence: Int64
    package var kind: Kind
    package var projectID: ProjectID
    package var keyHash: KeyHash?

    package init(sequence: Int64, kind: Kind, projectID: ProjectID, keyHash: KeyHash?) {
        self.sequence = sequence
        self.kind = kind
        self.projectID = projectID
        self.keyHash = keyHash
    }
}

/// Tells what changed, soon after it was committed.
package protocol ChangeFeed: Sendable {
    /// The sequence of the newest change, 0 if there is none. A cache starts from here, empty.
    func latest() async throws(StoreError) -> Int64

    /// The changes after `sequence`, oldest first, at most 1000; waits at most about 100 ms if there are none yet, and
    /// then answers the empty list, which proves that the store is there and nothing changed.
    func changes(after sequence: Int64) async throws(StoreError) -> [Change]
}
