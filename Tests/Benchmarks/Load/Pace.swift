import NIOCore

/// Decides which connection sends which request.
///
/// Pure: requests fall due, connections become free, and the two are brought together in order.
struct Pace {
    struct Sending: Equatable {
        var connection: Int
        /// Its number, and so the moment it was due.
        var request: Int
    }

    /// The connection that was idle longest comes first.
    private var idle = CircularBuffer<Int>()
    /// Due, but no connection was free.
    private var waiting = CircularBuffer<Int>()

    var waitingCount: Int { self.waiting.count }

    /// A request is due.
    mutating func fellDue(_ request: Int) -> Sending? {
        guard let connection = self.idle.popFirst() else {
            self.waiting.append(request)
            return nil
        }
        return Sending(connection: connection, request: request)
    }

    /// A connection was opened, or has its answer.
    mutating func becameFree(_ connection: Int) -> Sending? {
        guard let request = self.waiting.popFirst() else {
            self.idle.append(connection)
            return nil
        }
        return Sending(connection: connection, request: request)
    }

    /// A connection ended.
    mutating func ended(_ connection: Int) {
        self.idle.removeAll { $0 == connection }
    }
}
