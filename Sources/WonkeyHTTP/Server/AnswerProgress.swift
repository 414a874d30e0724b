/// Holds an answer to the framing its head declared.
///
/// Pure; ``ServerExchange`` writes what it allows.
struct AnswerProgress {
    enum WriteAction: Equatable { case drop, send, sendAsChunk, abort }
    enum EndAction: Equatable { case ignore, finish, finishChunks, abort }

    private enum State {
        case none
        case begun(ResponseWriter.Framing)
        /// Perhaps not yet taken by the socket.
        case ended(ResponseWriter.Framing)
    }

    private var state = State.none

    var hasBegun: Bool {
        switch self.state {
        case .none: false
        case .begun, .ended: true
        }
    }

    /// Whether the answer has begun and only the end of the connection tells its end.
    var endsWithConnection: Bool {
        switch self.state {
        case .begun(.untilClose), .ended(.untilClose): true
        case .none, .begun(.none), .begun(.length), .begun(.chunked): false
        case .ended(.none), .ended(.length), .ended(.chunked): false
        }
    }

    mutating func begin(_ framing: ResponseWriter.Framing) {
        self.state = .begun(framing)
    }

    /// More than the declared length would be read as the next answer: that aborts.
    mutating func bytesWritten(_ count: Int) -> WriteAction {
        switch self.state {
        case .none, .ended, .begun(.none): return .drop
        case .begun(.length(let left)):
            guard Int64(count) <= left else { return .abort }
            self.state = .begun(.length(left: left - Int64(count)))
            return .send
        case .begun(.chunked): return .sendAsChunk
        case .begun(.untilClose): return .send
        }
    }

    /// Less than the declared length is no complete answer: that aborts.
    mutating func ended() -> EndAction {
        switch self.state {
        case .none, .ended: return .ignore
        case .begun(.length(let left)) where left != 0: return .abort
        case .begun(.none):
            self.state = .ended(.none)
            return .finish
        case .begun(.length(let left)):
            self.state = .ended(.length(left: left))
            return .finish
        case .begun(.untilClose):
            self.state = .ended(.untilClose)
            return .finish
        case .begun(.chunked):
            self.state = .ended(.chunked)
            return .finishChunks
        }
    }
}
