internal import NIOCore

/// Flushes what was written in a turn of an event loop at the turn's end, by one task for all connections of the loop.
final class FlushTurn {
    private let eventLoop: any EventLoop
    private var outputs: [ServerOutput] = []
    /// Those of the turn that ends; what they write belongs to the next one.
    private var ending: [ServerOutput] = []

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Has ``ServerOutput/turnEnded()`` called once.
    func add(_ output: ServerOutput) {
        self.outputs.append(output)
        guard self.outputs.count == 1 else { return }
        self.eventLoop.assumeIsolated().execute { self.end() }
    }

    private func end() {
        swap(&self.outputs, &self.ending)
        for output in self.ending { output.turnEnded() }
        self.ending.removeAll(keepingCapacity: true)
    }
}
