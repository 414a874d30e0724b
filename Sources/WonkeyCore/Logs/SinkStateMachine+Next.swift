extension SinkStateMachine {
    /// What to do now.
    ///
    /// - Parameter now: Never less than in an earlier call.
    /// - Returns: One thing to do; asked again after it, until the answer is to wait or to stop.
    package mutating func next(at now: Duration) -> Action {
        precondition(self.operation == .none, "the spool is still at work")
        self.passTime(now)
        if let action = self.nextOnSpool(at: now) ?? self.nextOnSink(at: now) { return action }
        guard self.isClosing, !self.isWriting else { return .wait(until: self.nextTime(after: now)) }
        if self.hasFresh {
            guard self.isOutOfTime(at: now) else { return .wait(until: self.nextTime(after: now)) }
            self.discard()
        }
        self.phase = .closed
        return .stop
    }

    /// Lets waits end and slow writes become stuck ones.
    private mutating func passTime(_ now: Duration) {
        switch self.sink {
        case .ready, .stuck: break
        case .away(let retryAt):
            if now >= retryAt { self.sink = .ready }
        case .busy(let job, let deadline):
            guard now >= deadline || self.isOutOfTime(at: now) || self.isImpatient(with: job, at: now) else { return }
            self.hold(job)
            self.sink = .stuck(job)
        }
    }

    /// Memory runs short while the sink takes its time over a fresh batch: that one goes to the spool, the rest behind it.
    private func isImpatient(with job: Job, at now: Duration) -> Bool {
        guard case .fresh = job else { return false }
        return self.isHalfFull && self.canAppend(at: now)
    }

    private mutating func nextOnSpool(at now: Duration) -> Action? {
        if self.spool == .firstWritten, now >= self.readRetryAt {
            self.operation = .removing
            return .removeFirst
        }
        guard self.hasFresh, self.canAppend(at: now), self.wantsToAppend(at: now) else { return nil }
        let batch = self.takeFresh()
        self.operation = .appending(batch, alreadyWritten: false)
        return .append(batch)
    }

    /// Whether new batches belong into the spool rather than to the sink or into the queue.
    private func wantsToAppend(at now: Duration) -> Bool {
        switch self.sink {
        case .away, .stuck: true
        case .busy(.fresh, _): false
        case .busy(.replay, _): self.isHalfFull || self.isClosing
        case .ready:
            self.isOutOfTime(at: now)
                || self.spool != .empty && (self.held != nil || self.isHalfFull || self.isClosing)
        }
    }

    private mutating func nextOnSink(at now: Duration) -> Action? {
        guard case .ready = self.sink, !self.isOutOfTime(at: now) else { return nil }
        switch self.spool {
        case .absent, .empty:
            return self.hasFresh ? self.write(.fresh(self.takeFresh()), at: now) : nil
        case .filled(.some(let first)):
            // At shutdown the spool is emptied only as far as it makes room for what is in memory.
            guard !self.isClosing || self.hasFresh else { return nil }
            return self.write(.replay(first), at: now)
        case .filled(nil) where now >= self.readRetryAt:
            guard !self.isClosing || self.hasFresh else { return nil }
            self.operation = .reading
            return .readFirst
        case .filled(nil), .firstWritten:
            // The spool is out of order at its front. Only if it is at its back too, its order is given up.
            guard self.hasFresh, !self.canAppend(at: now) else { return nil }
            return self.write(.fresh(self.takeFresh()), at: now)
        }
    }

    private mutating func write(_ job: Job, at now: Duration) -> Action {
        if self.failures > 0 { self.tally.retries += 1 }
        self.sink = .busy(job, deadline: now + self.settings.writeTimeout)
        switch job {
        case .fresh(let batch), .replay(let batch): return .write(batch)
        }
    }

    private mutating func takeFresh() -> LogBatch {
        if let held = self.held {
            self.held = nil
            return held
        }
        self.batches += 1
        let rows = self.failures == 0 ? self.settings.rowsMax : self.settings.rows
        return self.queue.take(rows: rows, id: "\(self.instance)-\(self.batches)")
    }

    /// No time is left and the spool refuses.
    private mutating func discard() {
        let held = self.held?.usage.reduce(0) { $0 + Int($1.requests) } ?? 0
        self.held = nil
        self.tally.droppedUsage += held + self.queue.discard()
        self.tally.dropped += self.tally.queued
        self.tally.queued = 0
    }

    private var hasFresh: Bool { self.held != nil || !self.queue.isEmpty }

    private var isHalfFull: Bool { self.tally.queued * 2 >= self.settings.queue }

    private var isWriting: Bool {
        switch self.sink {
        case .busy: true
        case .ready, .stuck, .away: false
        }
    }

    private func canAppend(at now: Duration) -> Bool { self.spool != .absent && now >= self.appendRetryAt }

    /// The earliest moment at which the answer may change by itself.
    private func nextTime(after now: Duration) -> Duration? {
        var times: [Duration] = []
        switch self.sink {
        case .busy(_, let deadline): times.append(deadline)
        case .away(let retryAt): times.append(retryAt)
        case .ready, .stuck: break
        }
        if self.hasFresh, self.spool != .absent { times.append(self.appendRetryAt) }
        switch self.spool {
        case .filled, .firstWritten: times.append(self.readRetryAt)
        case .absent, .empty: break
        }
        if case .closing(let deadline) = self.phase { times.append(deadline) }
        return times.filter { $0 > now }.min()
    }
}
