internal import NIOCore

/// What a client connection waits for, and what it means when that does not come in time.
struct ConnectionWait {
    enum Subject: Equatable {
        case nothing
        /// The rest of a head that has begun.
        case head
        /// The first byte of a request.
        case request
        case body
        /// That the client takes answer bytes.
        case write
        /// That a half-closed connection is closed by the client too.
        case linger
    }

    enum Action: Equatable { case none, close, refuseHead, failBody, waitOn, failWrite }

    private(set) var subject = Subject.nothing
    private var deadline = NIODeadline.distantFuture
    private var bytesTaken: Int64 = 0
    private var bytesMin: Int64 = 1

    /// Waits from now on.
    ///
    /// - Parameters:
    ///   - subject: For what.
    ///   - deadline: Until when.
    ///   - bytesTaken: Answer bytes the client has taken so far.
    ///   - bytesMin: So many more of them by then are progress.
    mutating func begin(
        _ subject: Subject,
        until deadline: NIODeadline,
        bytesTaken: Int64 = 0,
        bytesMin: Int64 = 1
    ) {
        self.subject = subject
        self.deadline = deadline
        self.bytesTaken = bytesTaken
        self.bytesMin = bytesMin
    }

    mutating func end() {
        self.subject = .nothing
        self.deadline = .distantFuture
    }

    /// What is to be done at a time.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - bytesTaken: Answer bytes the client has taken so far.
    /// - Returns: `waitOn` where the client made progress.
    func action(at now: NIODeadline, bytesTaken: @autoclosure () -> Int64) -> Action {
        guard now >= self.deadline else { return .none }
        switch self.subject {
        case .nothing: return .none
        case .request, .linger: return .close
        case .head: return .refuseHead
        case .body: return .failBody
        case .write: return bytesTaken() - self.bytesTaken >= self.bytesMin ? .waitOn : .failWrite
        }
    }
}
