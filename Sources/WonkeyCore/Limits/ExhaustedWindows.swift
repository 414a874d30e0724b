/// Fixed windows known to be used up, so that a request which cannot fit is refused without asking the store.
///
/// Pure, bounded, one per event loop. It errs towards asking: an entry holds for what was used at least, until the
/// window's earliest possible end, and never for counters whose costs may be given back.
struct ExhaustedWindows {
    private struct Entry {
        /// Units of the window that were used when the store answered; they do not come back before its end.
        var used: Int
        var window: Duration
        /// The window runs at least until then.
        var untilMs: Int
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    /// No entry ends before this, so that a full table is not searched in vain.
    private var earliestEndMs = Int.max

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// How many windows are remembered.
    var count: Int { self.entries.count }

    /// The states of a request that is known not to fit, or `nil` if the store has to be asked.
    func refusal(of checks: [CounterCheck], nowMs: Int) -> [CounterState?]? {
        guard !self.entries.isEmpty else { return nil }
        var isRefused = false
        let states = checks.map { check -> CounterState? in
            guard let state = self.refusal(of: check, nowMs: nowMs) else { return nil }
            isRefused = true
            return state
        }
        return isRefused ? states : nil
    }

    private func refusal(of check: CounterCheck, nowMs: Int) -> CounterState? {
        guard check.algorithm == .fixedWindow, !check.isReturnable, !check.isShadow, check.cost > 0,
            let entry = self.entries[check.counter], nowMs < entry.untilMs,
            // A window of another length is another one.
            check.quota.window == entry.window,
            check.quota.limit - entry.used < check.cost
        else { return nil }
        let leftMs = Int64(entry.untilMs - nowMs)
        return CounterState(
            remaining: max(0, check.quota.limit - entry.used),
            resetMs: leftMs,
            retryAfterMs: check.cost > check.quota.limit ? check.quota.window.milliseconds : leftMs
        )
    }

    /// Remembers the windows that a decision of the store shows to be used up.
    ///
    /// - Parameters:
    ///   - decision: The store's answer to `checks`.
    ///   - checks: What was asked.
    ///   - askedAtMs: When the question was sent; the window ends no earlier than this plus `resetMs`.
    ///   - nowMs: The present, to drop what is over.
    mutating func learn(_ decision: CounterDecision, of checks: [CounterCheck], askedAtMs: Int, nowMs: Int) {
        let states =
            switch decision {
            case .admitted(let states), .refused(let states): states
            }
        for (check, state) in zip(checks, states)
        where check.algorithm == .fixedWindow && !check.isReturnable && !check.isShadow
            && state.remaining < max(1, check.cost)
        {
            let used = check.quota.limit - state.remaining
            guard used > 0, state.resetMs > 0 else { continue }
            let untilMs = askedAtMs + Int(state.resetMs)
            self.remember(check.counter, Entry(used: used, window: check.quota.window, untilMs: untilMs), nowMs: nowMs)
        }
    }

    /// Drops what is known of a counter, since some of it was given back.
    mutating func forget(_ counter: String) {
        guard !self.entries.isEmpty else { return }
        self.entries[counter] = nil
    }

    private mutating func remember(_ counter: String, _ entry: Entry, nowMs: Int) {
        guard entry.untilMs > nowMs else { return }
        if self.entries.count >= self.capacity, self.entries[counter] == nil {
            guard self.earliestEndMs <= nowMs else { return }
            self.entries = self.entries.filter { $0.value.untilMs > nowMs }
            self.earliestEndMs = self.entries.values.lazy.map(\.untilMs).min() ?? .max
            guard self.entries.count < self.capacity else { return }
        }
        self.entries[counter] = entry
        self.earliestEndMs = min(self.earliestEndMs, entry.untilMs)
    }
}
