/// Decides when to connect, when a connection counts as ready and how long to wait after a failure.
///
/// Pure: no clock, no channel. ``RedisCounterStore`` carries out what it returns.
struct RedisConnectionMachine {
    /// `failures` counts connections in a row that never gave an answer to a call; it sets the wait.
    enum State: Hashable {
        /// Leaves by `started()`.
        case idle
        case connecting(failures: Int)
        /// The transport is open, and `awaited` answers of the greeting are missing.
        case greeting(failures: Int, awaited: Int)
        /// Calls may be sent.
        case ready(failures: Int)
        case backingOff(failures: Int)
        /// Last state.
        case stopped
    }

    enum StartAction: Hashable { case none, connect }
    enum OpenAction: Hashable { case greet, close }
    enum GreetingAction: Hashable { case none, becomeReady }
    enum LossAction: Hashable {
        case none
        /// `wasReady` asks for an announcement.
        case retry(after: Duration, wasReady: Bool)
    }
    enum StopAction: Hashable { case none, close, cancelRetry }

    static let waitMin = Duration.milliseconds(10)
    static let waitMax = Duration.seconds(1)

    private(set) var state: State = .idle

    var isReady: Bool {
        switch self.state {
        case .ready: true
        case .idle, .connecting, .greeting, .backingOff, .stopped: false
        }
    }

    mutating func started() -> StartAction {
        switch self.state {
        case .idle:
            self.state = .connecting(failures: 0)
            return .connect
        case .connecting, .greeting, .ready, .backingOff, .stopped:
            return .none
        }
    }

    /// The transport is open.
    ///
    /// - Parameter greetingCount: How many answers the greeting brings, at least 1.
    /// - Returns: `.close` if nobody waits for this connection any more.
    mutating func opened(greetingCount: Int) -> OpenAction {
        switch self.state {
        case .connecting(let failures):
            self.state = .greeting(failures: failures, awaited: greetingCount)
            return .greet
        case .idle, .greeting, .ready, .backingOff, .stopped:
            return .close
        }
    }

    /// One request of the greeting was answered as it should be.
    mutating func greetingAnswered() -> GreetingAction {
        switch self.state {
        case .greeting(let failures, let awaited):
            guard awaited > 1 else {
                self.state = .ready(failures: failures)
                return .becomeReady
            }
            self.state = .greeting(failures: failures, awaited: awaited - 1)
            return .none
        case .idle, .connecting, .ready, .backingOff, .stopped:
            return .none
        }
    }

    /// A call was answered, so the connection is worth something.
    ///
    /// A Redis that greets and then falls silent would otherwise be called again and again without a growing wait.
    mutating func callAnswered() {
        switch self.state {
        case .ready(failures: 0): break
        case .ready: self.state = .ready(failures: 0)
        case .idle, .connecting, .greeting, .backingOff, .stopped: break
        }
    }

    /// Connecting failed, the connection was closed, timed out or spoke nonsense.
    ///
    /// - Parameter jitter: Random, 0 up to 1, so that many processes do not come back in step.
    /// - Returns: `.none` if this was known already.
    mutating func lost(jitter: Double) -> LossAction {
        switch self.state {
        case .connecting(let failures), .greeting(let failures, _), .ready(let failures):
            let wasReady = self.isReady
            self.state = .backingOff(failures: failures + 1)
            return .retry(after: Self.wait(failures: failures + 1, jitter: jitter), wasReady: wasReady)
        case .idle, .backingOff, .stopped:
            return .none
        }
    }

    mutating func waitEnded() -> StartAction {
        switch self.state {
        case .backingOff(let failures):
            self.state = .connecting(failures: failures)
            return .connect
        case .idle, .connecting, .greeting, .ready, .stopped:
            return .none
        }
    }

    mutating func stopped() -> StopAction {
        let before = self.state
        self.state = .stopped
        switch before {
        case .idle, .stopped: return .none
        case .connecting, .greeting, .ready: return .close
        case .backingOff: return .cancelRetry
        }
    }

    /// Doubles from 20 ms to 1 s and takes a random part of at least half of that.
    static func wait(failures: Int, jitter: Double) -> Duration {
        let base = min(Self.waitMax, .milliseconds(20 << min(max(0, failures - 1), 10)))
        return max(Self.waitMin, base / 2 + base / 2 * min(max(0, jitter), 1))
    }
}
