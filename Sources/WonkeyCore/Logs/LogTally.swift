/// What became of the records of this process.
///
/// Always: `accepted + recovered == written + spooled + dropped + queued`.
package struct LogTally: Equatable, Sendable {
    /// Handed over by the event loops; without those that sampling left out.
    package var accepted = 0
    /// Found in the spool at start, from an earlier process.
    package var recovered = 0
    /// Taken by the sink, at once or from the spool.
    package var written = 0
    /// In the spool now.
    package var spooled = 0
    /// Given up: no room in memory or on disk, no time left at shutdown, or in a damaged file that was set aside.
    package var dropped = 0
    /// In memory now.
    package var queued = 0
    /// Left out by sampling; not accepted.
    package var sampledOut = 0
    /// Batches given to the sink while it was known to fail.
    package var retries = 0
    /// Requests whose usage was given up.
    package var droppedUsage = 0

    package init() {}
}
