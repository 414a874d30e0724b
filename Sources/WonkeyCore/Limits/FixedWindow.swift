/// A counter that starts with the first request and is forgotten after the window.
package struct FixedWindow: Hashable, Sendable {
    package var used: Int
    package var startMs: Int

    package init(used: Int = 0, startMs: Int) {
        self.used = used
        self.startMs = startMs
    }

    func elapsedMs(_ nowMs: Int) -> Int { max(0, nowMs - self.startMs) }

    func rolled(_ limit: LimitArithmetic, nowMs: Int) -> Self {
        nowMs - self.startMs >= limit.windowMs ? Self(startMs: nowMs) : self
    }

    /// Milliseconds until the window ends, 0 if nothing is used.
    func resetMs(_ limit: LimitArithmetic, nowMs: Int) -> Int {
        self.used == 0 ? 0 : limit.windowMs - self.elapsedMs(nowMs)
    }
}
