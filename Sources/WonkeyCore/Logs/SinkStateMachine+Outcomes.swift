extension SinkStateMachine {
    /// The write under way, or the stuck one, has returned.
    package mutating func sinkFinished(_ outcome: Result<Void, StoreError>, at now: Duration) -> SinkChange {
        let wasUp = self.isSinkUp
        switch (self.sink, outcome) {
        case (.busy(let job, _), .success):
            self.writtenInTime(job)
        case (.stuck(let job), .success):
            self.writtenLate(job)
        case (.busy(let job, _), .failure):
            self.hold(job)
            self.backOff(at: now)
            return wasUp ? .wentAway : .none
        case (.stuck, .failure):
            self.backOff(at: now)
            return wasUp ? .wentAway : .none
        case (.ready, _), (.away, _):
            preconditionFailure("no write was under way")
        }
        self.sink = .ready
        self.failures = 0
        return wasUp ? .none : .cameBack
    }

    private mutating func backOff(at now: Duration) {
        self.failures += 1
        let wait = self.settings.retryAfter * (1 << min(self.failures - 1, 20))
        self.sink = .away(retryAt: now + min(wait, self.settings.retryAfterMax))
    }

    /// A batch that was not written waits in front of the queue; a replayed one still is in the spool.
    mutating func hold(_ job: Job) {
        switch job {
        case .fresh(let batch): self.held = batch
        case .replay: break
        }
    }

    private mutating func writtenInTime(_ job: Job) {
        switch job {
        case .fresh(let batch): self.moveQueuedToWritten(batch)
        case .replay(let batch): self.moveFirstToWritten(batch)
        }
    }

    /// A write that was given up succeeded after all, wherever its batch has gone meanwhile.
    private mutating func writtenLate(_ job: Job) {
        switch job {
        case .replay(let batch):
            self.moveFirstToWritten(batch)
        case .fresh(let batch):
            if case .appending(let appending, _) = self.operation, appending.id == batch.id {
                self.operation = .appending(batch, alreadyWritten: true)
            } else if self.held?.id == batch.id {
                self.held = nil
                self.moveQueuedToWritten(batch)
            } else if self.firstID == batch.id {
                self.moveFirstToWritten(batch)
            }
        // Otherwise it lies in the spool behind others; writing it again from there is harmless.
        }
    }

    private mutating func moveQueuedToWritten(_ batch: LogBatch) {
        self.tally.queued -= batch.records.count
        self.tally.written += batch.records.count
    }

    private mutating func moveFirstToWritten(_ batch: LogBatch) {
        self.tally.spooled -= batch.records.count
        self.tally.written += batch.records.count
        self.spool = .firstWritten
    }
}

// MARK: The spool

extension SinkStateMachine {
    /// The spool has taken the batch.
    package mutating func appended() {
        guard case .appending(let batch, let alreadyWritten) = self.operation else {
            preconditionFailure("no batch was being appended")
        }
        self.operation = .none
        self.tally.queued -= batch.records.count
        self.tally.spooled += batch.records.count
        switch self.spool {
        case .empty:
            self.spool = .filled(first: nil)
            self.firstID = batch.id
        case .filled, .firstWritten: break
        case .absent: preconditionFailure("there is no spool")
        }
        if alreadyWritten, self.firstID == batch.id { self.moveFirstToWritten(batch) }
    }

    /// The spool refused the batch; it is left alone for a while.
    package mutating func appendFailed(at now: Duration) {
        guard case .appending(let batch, let alreadyWritten) = self.operation else {
            preconditionFailure("no batch was being appended")
        }
        self.operation = .none
        self.appendRetryAt = now + Self.spoolRetryAfter
        if alreadyWritten {
            self.moveQueuedToWritten(batch)
        } else {
            self.held = batch
        }
    }

    /// The spool was read.
    ///
    /// - Parameters:
    ///   - batch: The oldest; `nil` if the spool is empty.
    ///   - damagedRecords: How many records were set aside on the way.
    package mutating func firstRead(_ batch: LogBatch?, damagedRecords: Int) {
        self.finish(.reading)
        self.tally.spooled -= damagedRecords
        self.tally.dropped += damagedRecords
        self.spool = batch.map { .filled(first: $0) } ?? .empty
        self.firstID = nil
    }

    package mutating func readFailed(at now: Duration) {
        self.finish(.reading)
        self.readRetryAt = now + Self.spoolRetryAfter
    }

    /// The oldest batch is gone from the spool, which has room again.
    package mutating func firstRemoved() {
        self.finish(.removing)
        self.spool = .filled(first: nil)
        self.firstID = nil
        self.appendRetryAt = .zero
    }

    package mutating func removeFailed(at now: Duration) {
        self.finish(.removing)
        self.readRetryAt = now + Self.spoolRetryAfter
    }

    private mutating func finish(_ operation: SpoolOperation) {
        precondition(self.operation == operation, "the spool was doing something else")
        self.operation = .none
    }
}
