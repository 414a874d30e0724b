internal import CLibPQ
import Dispatch
import Foundation
import Glibc
import WonkeyCore

/// One connection to a server: a `PGconn`, closed when let go of.
///
/// Belongs to one thread. Nothing waits without a deadline: libpq only ever gets to work on a socket that is ready.
///
/// `@safe`: the pointer is private, owned once, and used by one thread at a time because the class is not `Sendable`.
@safe final class PostgresLink {
    /// Something to send.
    enum Message {
        case prepare(name: String, text: String)
        case describe(name: String)
        /// Runs a prepared statement.
        case run(name: String, values: [SQLValue])
        /// Runs one statement that is not kept.
        case once(text: String, values: [SQLValue])
    }

    /// What came back for some messages.
    struct Answers {
        /// One per message, up to the one refused.
        var results: [ResultSet] = []
        var refused: PostgresFault?
    }

    /// How long the server gets to answer a request to stop.
    private static let cancellationPatience = Duration.seconds(2)

    private let connection: OpaquePointer
    private let waker: Waker
    private var cancels = false

    /// Connects.
    ///
    /// - Parameters:
    ///   - url: Where to.
    ///   - database: Replaces the URL's database if not `nil`.
    ///   - patience: How long that may take, all addresses of the host together.
    ///   - waker: Ends waits of ``exchange(_:within:interruption:)``.
    ///   - interruption: Ends the wait for this connection.
    /// - Throws: ``PostgresFault``; its SQLSTATE is what the server refused.
    init(
        to url: PostgresURL,
        database: String? = nil,
        within patience: Duration,
        waker: Waker,
        interruption: Interruption?
    ) throws(PostgresFault) {
        let deadline = ContinuousClock.now + patience
        guard let connection = unsafe Self.start(url, database: database) else {
            throw PostgresFault(kind: .lost, message: "libpq has no memory for a connection")
        }
        unsafe self.connection = connection
        self.waker = waker
        // Without this, notices go to standard error.
        _ = unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        _ = unsafe PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        try self.finishConnecting(by: deadline, interruption)
        let encoding = unsafe PQparameterStatus(connection, "server_encoding").map { unsafe String(cString: $0) }
        guard encoding == "UTF8", unsafe PQsetnonblocking(connection, 1) == 0 else {
            throw PostgresFault(
                kind: .refused(sqlState: "54000"),
                message: "the database's encoding is \(encoding ?? "unknown"), not UTF8"
            )
        }
    }

    deinit {
        unsafe PQfinish(self.connection)
    }

    /// The socket, for waiting on it.
    var socket: Int32 { unsafe PQsocket(self.connection) }

    /// Whether a transaction is open and still good.
    var isInTransaction: Bool { unsafe PQtransactionStatus(self.connection) == PQTRANS_INTRANS }

    /// Whether no transaction is open and none has to be undone.
    var isIdle: Bool { unsafe PQtransactionStatus(self.connection) == PQTRANS_IDLE }

    private static func start(_ url: PostgresURL, database: String?) -> OpaquePointer? {
        // libpq takes the last of two values; what the URL says beats what comes before it. Unlike libpq's own default,
        // a half-open connection is noticed.
        var options = [
            ("application_name", "wonkey"), ("gssencmode", "disable"), ("keepalives_idle", "20"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "20000"),
            ("dbname", url.secret.revealed), ("client_encoding", "UTF8"),
        ]
        if let database { options.append(("dbname", database)) }
        let texts = unsafe options.flatMap { option in unsafe [strdup(option.0), strdup(option.1)] }
        defer { unsafe texts.forEach { unsafe free($0) } }
        var keywords: [UnsafePointer<CChar>?] = unsafe []
        var values: [UnsafePointer<CChar>?] = unsafe []
        for index in options.indices {
            unsafe keywords.append(UnsafePointer(texts[2 * index]))
            unsafe values.append(UnsafePointer(texts[2 * index + 1]))
        }
        unsafe keywords.append(nil)
        unsafe values.append(nil)
        return unsafe PQconnectStartParams(keywords, values, 1)
    }

    private func finishConnecting(
        by deadline: ContinuousClock.Instant,
        _ interruption: Interruption?
    ) throws(PostgresFault) {
        var wanted = unsafe PQstatus(self.connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while true {
            switch wanted {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING, PGRES_POLLING_WRITING:
                guard interruption?.isRequested != true else { throw .cancelled }
                let events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT
                guard self.wait(for: Int16(events), by: deadline) != .deadline else {
                    throw PostgresFault(kind: .lost, message: "no connection within the connect timeout")
                }
            default: throw self.connectingFault()
            }
            wanted = unsafe PQconnectPoll(self.connection)
        }
    }
}

// MARK: - Talking

extension PostgresLink {
    /// Sends messages in one go and reads their answers: one round trip.
    ///
    /// After a message that is refused the server skips the rest.
    ///
    /// - Parameters:
    ///   - messages: What to send, in order.
    ///   - patience: How long all the answers may take.
    ///   - interruption: Stops the statement that runs.
    /// - Returns: One result per message, up to the one refused.
    /// - Throws: ``PostgresFault`` if the connection broke; it is then of no use any more.
    func exchange(
        _ messages: [Message],
        within patience: Duration,
        interruption: Interruption?
    ) throws(PostgresFault) -> Answers {
        self.cancels = false
        guard unsafe PQenterPipelineMode(self.connection) == 1 else { throw self.connectionFault() }
        for message in messages {
            guard self.send(message), unsafe PQstatus(self.connection) == CONNECTION_OK else {
                throw self.connectionFault()
            }
        }
        guard unsafe PQpipelineSync(self.connection) == 1 else { throw self.connectionFault() }
        let wait = Wait(deadline: .now + patience, interruption: interruption)
        var answers = Answers()
        while let result = try self.nextResult(wait) {
            switch result.status {
            case PGRES_PIPELINE_SYNC:
                _ = unsafe PQexitPipelineMode(self.connection)
                return answers
            case PGRES_PIPELINE_ABORTED: break
            case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
                let fault = try self.fault(of: result)
                answers.refused = answers.refused ?? fault
            default: answers.results.append(result)
            }
        }
        throw self.connectionFault()
    }

    /// Runs statements without parameters, separated by semicolons.
    ///
    /// - Parameters:
    ///   - script: The statements.
    ///   - patience: How long they may take together.
    ///   - interruption: Stops the statement that runs.
    /// - Throws: ``PostgresFault`` of the first statement refused; the rest did not run.
    func run(script: String, within patience: Duration, interruption: Interruption?) throws(PostgresFault) {
        self.cancels = false
        guard unsafe PQsendQuery(self.connection, script) == 1 else { throw self.connectionFault() }
        let wait = Wait(deadline: .now + patience, interruption: interruption)
        var refused: PostgresFault?
        while let result = try self.nextResult(wait, endsAtNil: true) {
            guard result.status == PGRES_FATAL_ERROR else { continue }
            let fault = try self.fault(of: result)
            refused = refused ?? fault
        }
        if let refused { throw refused }
    }

    /// Takes in what the server sent by itself.
    ///
    /// - Returns: How many notifications came.
    /// - Throws: ``PostgresFault`` if the connection is gone.
    func takeNotifications() throws(PostgresFault) -> Int {
        guard unsafe PQconsumeInput(self.connection) == 1 else { throw self.connectionFault() }
        var count = 0
        while let notification = unsafe PQnotifies(self.connection) {
            unsafe PQfreemem(notification)
            count += 1
        }
        return count
    }

    private func send(_ message: Message) -> Bool {
        switch message {
        case .prepare(let name, let text):
            return unsafe PQsendPrepare(self.connection, name, text, 0, nil) == 1
        case .describe(let name):
            return unsafe PQsendDescribePrepared(self.connection, name) == 1
        case .run(let name, let values):
            return Parameters.with(values) { parameters in
                unsafe PQsendQueryPrepared(
                    self.connection,
                    name,
                    parameters.count,
                    parameters.values,
                    parameters.lengths,
                    parameters.formats,
                    1
                ) == 1
            }
        case .once(let text, let values):
            return Parameters.with(values) { parameters in
                unsafe PQsendQueryParams(
                    self.connection,
                    text,
                    parameters.count,
                    nil,
                    parameters.values,
                    parameters.lengths,
                    parameters.formats,
                    1
                ) == 1
            }
        }
    }

    /// The next result; the NULLs between the messages of a pipeline are skipped unless they end a script.
    private func nextResult(_ wait: Wait, endsAtNil: Bool = false) throws(PostgresFault) -> ResultSet? {
        var isAfterNil = false
        while true {
            try self.awaitResult(wait)
            if let result = unsafe PQgetResult(self.connection) { return unsafe ResultSet(owning: result) }
            // Two in a row: libpq has nothing more to come, so the connection is out of step.
            if endsAtNil || isAfterNil { return nil }
            isAfterNil = true
        }
    }

    /// Returns when ``PQgetResult`` would not block.
    private func awaitResult(_ wait: Wait) throws(PostgresFault) {
        var deadline = wait.deadline
        while true {
            let flushed = unsafe PQflush(self.connection)
            guard flushed >= 0 else { throw self.connectionFault() }
            if unsafe flushed == 0 && PQisBusy(self.connection) == 0 { return }
            if wait.interruption?.isRequested == true {
                if !self.cancels { try self.cancelStatement() }
                deadline = min(deadline, .now + Self.cancellationPatience)
            }
            let events = flushed == 1 ? POLLIN | POLLOUT : POLLIN
            switch self.wait(for: Int16(events), by: deadline) {
            case .ready: guard unsafe PQconsumeInput(self.connection) == 1 else { throw self.connectionFault() }
            case .woken: break
            case .deadline:
                throw PostgresFault(kind: .timedOut, message: "the server did not answer in time")
            }
        }
    }

    /// Asks the server to stop what it does.
    ///
    /// `PQcancel` waits without a limit for a server that takes connections and does not answer, so a thread does it. An
    /// order that is still on its way must find no later statement to stop: the connection is then given up.
    private func cancelStatement() throws(PostgresFault) {
        self.cancels = true
        guard let order = unsafe CancelOrder(self.connection) else { return }
        let isDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            order.send()
            isDone.signal()
        }
        guard isDone.wait(timeout: .now() + .milliseconds(Int(Self.cancellationPatience.milliseconds))) == .success
        else {
            throw PostgresFault(kind: .timedOut, message: "the server did not take the order to stop in time")
        }
    }
}

/// What libpq needs to ask a server to stop a statement.
///
/// `@unchecked Sendable`: the pointer is private and constant, and `PQcancel`, which only reads what it points to, may be
/// called from any thread; the connection itself is not touched.
@safe private final class CancelOrder: @unchecked Sendable {
    private let order: OpaquePointer

    /// Takes what is needed from a connection; `nil` if that is gone.
    init?(_ connection: OpaquePointer) {
        guard let order = unsafe PQgetCancel(connection) else { return nil }
        unsafe self.order = order
    }

    deinit {
        unsafe PQfreeCancel(self.order)
    }

    /// Blocks until the server has taken it; whether it could does not matter: what is not stopped runs into a deadline.
    func send() {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { reason in
            _ = unsafe PQcancel(self.order, reason.baseAddress, Int32(reason.count))
        }
    }
}

// MARK: - Waiting

extension PostgresLink {
    private struct Wait {
        var deadline: ContinuousClock.Instant
        var interruption: Interruption?
    }

    enum Awakening { case ready, woken, deadline }

    /// Waits until the socket is ready or somebody wakes us.
    func wait(for events: Int16, by deadline: ContinuousClock.Instant) -> Awakening {
        let left = deadline - .now
        guard left > .zero else { return .deadline }
        var descriptors = [
            pollfd(fd: self.socket, events: events, revents: 0),
            pollfd(fd: self.waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // Rounded up, so that less than a millisecond does not become a busy loop.
        _ = unsafe poll(&descriptors, 2, Int32(clamping: left.milliseconds + 1))
        if descriptors[1].revents != 0 { self.waker.reset() }
        if descriptors[0].revents != 0 { return .ready }
        return descriptors[1].revents != 0 ? .woken : deadline > .now ? .woken : .deadline
    }
}

// MARK: - Faults

extension PostgresLink {
    /// What the server says when it ends a connection.
    private static let farewells: Set<String> = ["57P01", "57P02", "57P03", "57P05", "25P03"]

    private func fault(of result: ResultSet) throws(PostgresFault) -> PostgresFault {
        guard let sqlState = result.sqlState, unsafe PQstatus(self.connection) == CONNECTION_OK,
            !Self.farewells.contains(sqlState)
        else { throw self.connectionFault() }
        if self.cancels { return .cancelled }
        let hint = result.hint.map { " (\($0))" } ?? ""
        return PostgresFault(
            kind: .refused(sqlState: sqlState),
            message: (result.primaryMessage ?? "no message") + hint
        )
    }

    /// Why there is no connection any more.
    private func connectionFault() -> PostgresFault {
        PostgresFault(kind: .lost, message: self.lastMessage)
    }

    /// Why no connection came about.
    private func connectingFault() -> PostgresFault {
        let message = self.lastMessage
        // With the verbosity chosen above: `…: FATAL:  3D000: database "x" does not exist`.
        guard let match = message.firstMatch(of: /:  ([0-9A-Z]{5}): (.+)/) else {
            return PostgresFault(kind: .lost, message: message)
        }
        return PostgresFault(kind: .refused(sqlState: String(match.1)), message: String(match.2))
    }

    private var lastMessage: String {
        let message = unsafe PQerrorMessage(self.connection).map { unsafe String(cString: $0) } ?? ""
        return message.split(separator: "\n").first.map(String.init) ?? "the connection is gone"
    }
}
