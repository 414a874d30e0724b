import NIOCore

/// Collects what one event loop produces, without a lock, and hands it over in chunks.
///
/// Used on its event loop only.
final class LoopBatch<Element: Sendable> {
    private let eventLoop: any EventLoop
    private let count: Int
    private let every: TimeAmount
    private let handOver: @Sendable ([Element]) -> Void
    private var elements: [Element] = []
    private var isTimerRunning = false
    private var isClosed = false

    /// Makes a batch of one loop.
    ///
    /// - Parameters:
    ///   - eventLoop: Whose.
    ///   - count: Elements of a full chunk.
    ///   - every: How long an element waits for others.
    ///   - handOver: Takes a chunk; must not wait.
    init(
        eventLoop: any EventLoop,
        count: Int,
        every: Duration,
        handOver: @escaping @Sendable ([Element]) -> Void
    ) {
        self.eventLoop = eventLoop
        self.count = count
        self.every = TimeAmount(every)
        self.handOver = handOver
    }

    func append(_ element: Element) {
        self.eventLoop.assertInEventLoop()
        self.elements.append(element)
        if self.isClosed || self.elements.count >= self.count { return self.flush() }
        guard !self.isTimerRunning else { return }
        self.isTimerRunning = true
        self.eventLoop.assumeIsolated().scheduleTask(in: self.every) {
            self.isTimerRunning = false
            self.flush()
        }
    }

    private func flush() {
        guard !self.elements.isEmpty else { return }
        let chunk = self.elements
        self.elements = []
        self.handOver(chunk)
    }

    /// Hands over what was collected, and from now on every element at once.
    func close() {
        self.isClosed = true
        self.flush()
    }
}
