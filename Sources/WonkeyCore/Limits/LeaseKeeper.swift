/// Calls back later, on the event loop of whoever asks.
package protocol LoopTimer {
    /// Runs `body` once, after `delay`, on this loop; zero is a turn of its own.
    func after(_ delay: Duration, _ body: @escaping () -> Void)
}

/// Hears how many leases are held; called on event loops, must not block.
package protocol LeaseObserver: AnyObject, Sendable {
    func leasesHeld(_ change: Int)

    /// Releases given up; the leases end by themselves.
    func releasesLost(_ count: Int)
}

/// Renews the leases of running requests and releases those of ended ones, for one event loop.
///
/// Not `Sendable`; called on its loop. Releases of one turn of the loop go out together, and again and again while the
/// store is away.
package final class LeaseKeeper {
    private let store: any CounterStore
    private let local: LocalCounters?
    private let clock: any MonotonicClock
    private let timer: any LoopTimer
    private let observer: (any LeaseObserver)?
    private var book: LeaseBook
    private var isReleaseDue = false
    private var isRenewalDue = false
    /// Releases the store has not answered yet.
    private var inFlight = 0
    private var lostCount = 0

    /// Releases that failed are tried again that much later.
    static let retryDelay = Duration.milliseconds(250)

    /// Makes a keeper.
    ///
    /// - Parameters:
    ///   - store: This loop's.
    ///   - local: What counts while the store is away; `nil` if nothing does.
    ///   - clock: Measures leases.
    ///   - timer: Of this loop.
    ///   - observer: Hears of leases.
    ///   - waitingMax: Releases that wait for the store at most.
    package init(
        store: any CounterStore,
        local: LocalCounters?,
        clock: any MonotonicClock,
        timer: any LoopTimer,
        observer: (any LeaseObserver)? = nil,
        waitingMax: Int = 65_536
    ) {
        self.store = store
        self.local = local
        self.clock = clock
        self.timer = timer
        self.observer = observer
        self.book = LeaseBook(waitingMax: waitingMax)
    }

    /// How many requests hold leases.
    package var heldCount: Int { self.book.heldCount }

    /// How many releases the store does not know of yet.
    package var unsettledCount: Int { self.book.waitingCount + self.inFlight }

    /// A request was admitted and holds its leases until ``ended(_:)``.
    ///
    /// - Parameters:
    ///   - lease: Names it; unique among all processes.
    ///   - checks: What was admitted.
    ///   - source: Of the admission.
    package func taken(_ lease: String, _ checks: [CounterCheck], from source: AdmissionSource) {
        let place: LeaseBook.Place
        switch source {
        case .shared: place = .store
        case .local: place = .local
        case .remembered, .ahead, .open: return
        }
        let before = self.book.heldCount
        self.book.taken(lease, from: checks, at: place, nowMs: self.clock.nowMs)
        guard self.book.heldCount > before else { return }
        self.observer?.leasesHeld(1)
        self.scheduleRenewal()
    }

    /// The request is over, whichever way.
    package func ended(_ lease: String) {
        let before = self.book.heldCount
        self.book.ended(lease)
        guard self.book.heldCount < before else { return }
        self.observer?.leasesHeld(-1)
        self.scheduleRelease(after: .zero)
    }

    private func scheduleRelease(after delay: Duration) {
        self.reportLost()
        guard !self.isReleaseDue, self.book.waitingCount > 0 else { return }
        self.isReleaseDue = true
        self.timer.after(delay) {
            self.isReleaseDue = false
            for order in self.book.releases(nowMs: self.clock.nowMs) { self.send(order) }
        }
    }

    private func scheduleRenewal() {
        guard !self.isRenewalDue, let wait = self.book.renewalWait else { return }
        self.isRenewalDue = true
        self.timer.after(wait) {
            self.isRenewalDue = false
            for order in self.book.renewals(nowMs: self.clock.nowMs) { self.send(order) }
            self.scheduleRenewal()
        }
    }

    private func send(_ order: LeaseBook.Order) {
        switch order.place {
        case .local: self.local?.settle(order.change)
        case .store:
            self.inFlight += 1
            self.store.settle(order.change) { isSettled in
                self.inFlight -= 1
                guard !isSettled else { return }
                self.book.failed(order)
                self.scheduleRelease(after: Self.retryDelay)
            }
        }
    }

    private func reportLost() {
        guard self.book.lostCount > self.lostCount else { return }
        self.observer?.releasesLost(self.book.lostCount - self.lostCount)
        self.lostCount = self.book.lostCount
    }
}
