internal import NIOCore

/// Something written in a turn of an event loop.
protocol FlushedWrites: AnyObject {
    /// The turn is over: what was written is to be flushed.
    func turnEnded()
}

/// Flushes what was written in a turn of an event loop at the turn's end, by one task for all connections.
///
/// So the turn reads all that has arrived before it writes, and whoever is woken by the writes finds more to do at once.
final class FlushTurn {
    private let eventLoop: any EventLoop
    private var writes: [any FlushedWrites] = []
    /// Those of the turn that ends; what they write belongs to the next one.
    private var ending: [any FlushedWrites] = []

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Has ``FlushedWrites/turnEnded()`` called once.
    func add(_ writes: any FlushedWrites) {
        self.writes.append(writes)
        guard self.writes.count == 1 else { return }
        self.eventLoop.assumeIsolated().execute { self.end() }
    }

    private func end() {
        swap(&self.writes, &self.ending)
        for writes in self.ending { writes.turnEnded() }
        self.ending.removeAll(keepingCapacity: true)
    }
}
