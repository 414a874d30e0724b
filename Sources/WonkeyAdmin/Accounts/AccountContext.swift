package import WonkeyCore

/// What operations on users and organizations work on.
package struct AccountContext: Sendable {
    /// Bound to the acting user, or to the operator.
    package var store: any AccountStore
    package var clock: any WallClock
    package var actor: Actor

    package init(store: any AccountStore, clock: any WallClock, actor: Actor) {
        self.store = store
        self.clock = clock
        self.actor = actor
    }
}
