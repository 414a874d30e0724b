/// Decides how a client connection lives: what follows a request, its answer, the client's end and a drain.
///
/// Pure: no clock, no socket, no bytes. ``ServerConnection`` carries out what it returns.
struct ConnectionLife {
    enum Stage: Equatable {
        /// Between requests, or within a head.
        case head
        /// A request is being answered.
        case exchange
        /// The answer is out; the rest of a small body is dropped to keep the connection (B10).
        case discarding
        /// Half-closed; so many bytes are still read and dropped so that the client gets the answer (F16).
        case lingering(bytesLeft: Int)
        case closed
    }

    enum AnswerAction: Equatable { case readHead, discardBody, linger, close }
    enum InputEndAction: Equatable { case none, close, cancelExchange }
    enum DrainAction: Equatable { case none, close }
    enum LingerAction: Equatable { case none, close }

    /// What is known of the server's end.
    enum Drain: Equatable {
        case none
        /// The next answer is the last.
        case announced
        /// As soon as no answer is under way, the connection ends.
        case begun
    }

    /// Lingering takes a multiple of what is worth reading to keep a connection: here it saves the answer.
    private static let lingerFactor = 16
    private static let lingerBytesMin = 1 << 20

    private(set) var stage = Stage.head
    private var drain: Drain
    private var hasInputEnded = false
    private var requestCount = 0
    private let requestsMax: Int?
    private let drainBytesMax: Int

    init(limits: ServerLimits, isDraining: Bool) {
        self.requestsMax = limits.requestsPerConnectionMax
        self.drainBytesMax = limits.drainBytesMax
        self.drain = isDraining ? .announced : .none
    }

    /// Whether the answer being made must be the connection's last.
    var isLastRequest: Bool {
        self.drain != .none || self.hasInputEnded || self.requestsMax.map { self.requestCount >= $0 } == true
    }

    /// Whether more may still arrive.
    var isReadable: Bool {
        switch self.stage {
        case .head, .exchange, .discarding, .lingering: !self.hasInputEnded
        case .closed: false
        }
    }

    mutating func headReceived() {
        self.requestCount += 1
        self.stage = .exchange
    }

    /// A head was refused; its answer is the last.
    mutating func headRefused() {
        self.linger()
    }

    /// The socket took the whole answer.
    ///
    /// A client that was not told to close may bring another request: one that began before a drain was announced did
    /// not hear of it.
    ///
    /// - Parameters:
    ///   - closes: Whether the answer said so, or the body is in no state to be read on.
    ///   - bodyLeft: Bytes of the request's body not read; `nil` if unknown.
    /// - Returns: What follows.
    mutating func answerSent(closes: Bool, bodyLeft: Int64?) -> AnswerAction {
        guard self.stage == .exchange else { return .close }
        if self.hasInputEnded { return .close }
        if closes || self.drain == .begun {
            self.linger()
            return .linger
        }
        guard let bodyLeft, bodyLeft <= Int64(self.drainBytesMax) else {
            self.linger()
            return .linger
        }
        self.stage = bodyLeft == 0 ? .head : .discarding
        return bodyLeft == 0 ? .readHead : .discardBody
    }

    /// The rest of the body is gone; the next head may come.
    mutating func bodyDiscarded() {
        self.stage = .head
    }

    /// Bytes were dropped while lingering.
    mutating func lingered(_ count: Int) -> LingerAction {
        guard case .lingering(let bytesLeft) = self.stage else { return .none }
        self.stage = .lingering(bytesLeft: bytesLeft - count)
        return bytesLeft < count ? .close : .none
    }

    /// The client closed its sending side and may still read.
    mutating func inputEnded(isBodyComplete: Bool) -> InputEndAction {
        self.hasInputEnded = true
        switch self.stage {
        case .head, .discarding, .lingering: return .close
        case .exchange: return isBodyComplete ? .none : .cancelExchange
        case .closed: return .none
        }
    }

    /// From now on every answer is the last of its connection; an idle one stays for now.
    mutating func drainAnnounced() {
        if self.drain == .none { self.drain = .announced }
    }

    /// From now on every answer is the last of its connection.
    mutating func drainBegan(isIdle: Bool) -> DrainAction {
        self.drain = .begun
        return self.stage == .head && isIdle ? .close : .none
    }

    /// - Returns: Whether it was open until now.
    mutating func closed() -> Bool {
        defer { self.stage = .closed }
        return self.stage != .closed
    }

    private mutating func linger() {
        let bytes = max(self.drainBytesMax * ConnectionLife.lingerFactor, ConnectionLife.lingerBytesMin)
        self.stage = .lingering(bytesLeft: bytes)
    }
}
