import NIOCore
import Testing

@testable import WonkeyHTTP

/// The decisions behind a connection, without one.
@Suite struct ServerLifeTests {
    /// A connection whose limits are small, in the middle of its first request.
    private func answering(drains: Bool = false) -> ConnectionLife {
        var limits = ServerLimits()
        limits.drainBytesMax = 100
        limits.requestsPerConnectionMax = 2
        var life = ConnectionLife(limits: limits, isDraining: drains)
        life.headReceived()
        return life
    }

    @Test(
        "B10, F16: what follows an answer",
        arguments: [
            (false, 0, false, .readHead, .head), (false, 100, false, .discardBody, .discarding),
            (false, 101, false, .linger, .lingering(bytesLeft: 1 << 20)),
            (false, nil, false, .linger, .lingering(bytesLeft: 1 << 20)),
            (true, 0, false, .linger, .lingering(bytesLeft: 1 << 20)),
            (true, 100, false, .linger, .lingering(bytesLeft: 1 << 20)),
            (true, 0, true, .linger, .lingering(bytesLeft: 1 << 20)),
            (true, 100, true, .linger, .lingering(bytesLeft: 1 << 20)),
        ] as [(Bool, Int64?, Bool, ConnectionLife.AnswerAction, ConnectionLife.Stage)]
    )
    func answerSent(
        _ closes: Bool,
        _ left: Int64?,
        _ drains: Bool,
        _ action: ConnectionLife.AnswerAction,
        _ stage: ConnectionLife.Stage
    ) {
        var life = self.answering(drains: drains)
        #expect(life.answerSent(closes: closes, bodyLeft: left) == action)
        #expect(life.stage == stage)
    }

    @Test("an answer that began before a drain lets its client ask once more, unless the time for that is over")
    func drainWithinAnswer() {
        var announced = self.answering()
        announced.drainAnnounced()
        #expect(announced.answerSent(closes: false, bodyLeft: 0) == .readHead)
        #expect(announced.stage == .head)
        announced.headReceived()
        #expect(announced.isLastRequest)
        var begun = self.answering()
        begun.drainAnnounced()
        #expect(begun.drainBegan(isIdle: true) == .none)
        begun.drainAnnounced()
        #expect(begun.answerSent(closes: false, bodyLeft: 0) == .linger)
    }

    @Test("an answer is the last when the server drains, the client has ended, or it had its share of requests")
    func lastRequest() {
        #expect(!self.answering().isLastRequest)
        #expect(self.answering(drains: true).isLastRequest)
        var second = self.answering()
        _ = second.answerSent(closes: false, bodyLeft: 0)
        second.headReceived()
        #expect(second.isLastRequest)
        var ended = self.answering()
        #expect(ended.inputEnded(isBodyComplete: true) == .none)
        #expect(ended.isLastRequest && !ended.isReadable)
        #expect(ended.answerSent(closes: false, bodyLeft: 0) == .close)
    }

    @Test("the client's end closes what waits for it, and cancels a request that is not whole")
    func inputEnded() {
        var limits = ServerLimits()
        limits.drainBytesMax = 100
        var idle = ConnectionLife(limits: limits, isDraining: false)
        #expect(idle.inputEnded(isBodyComplete: true) == .close)
        var cut = self.answering()
        #expect(cut.inputEnded(isBodyComplete: false) == .cancelExchange)
        var discarding = self.answering()
        _ = discarding.answerSent(closes: false, bodyLeft: 1)
        #expect(discarding.inputEnded(isBodyComplete: true) == .close)
        var lingering = self.answering()
        _ = lingering.answerSent(closes: true, bodyLeft: 0)
        #expect(lingering.inputEnded(isBodyComplete: true) == .close)
        var closed = self.answering()
        #expect(closed.closed() == true)
        #expect(closed.inputEnded(isBodyComplete: true) == .none)
    }

    @Test("a drain closes idle connections only")
    func drain() {
        var idle = ConnectionLife(limits: ServerLimits(), isDraining: false)
        #expect(idle.drainBegan(isIdle: true) == .close)
        var begun = ConnectionLife(limits: ServerLimits(), isDraining: false)
        #expect(begun.drainBegan(isIdle: false) == .none)
        var busy = self.answering()
        #expect(busy.drainBegan(isIdle: true) == .none)
        #expect(busy.isLastRequest)
    }

    @Test("F16: lingering has a bound, and a closed connection closes once")
    func lingering() {
        var life = ConnectionLife(limits: ServerLimits(), isDraining: false)
        life.headRefused()
        #expect(life.stage == .lingering(bytesLeft: 1 << 20))
        #expect(life.lingered(1 << 20) == .none)
        #expect(life.lingered(1) == .close)
        #expect(life.closed() == true)
        #expect(life.closed() == false)
        #expect(life.lingered(1) == .none)
        #expect(life.answerSent(closes: false, bodyLeft: 0) == .close)
        #expect(!life.isReadable)
    }

    @Test(
        "a deadline means what was waited for",
        arguments: [
            (.nothing, .none), (.request, .close), (.linger, .close), (.head, .refuseHead), (.body, .failBody),
            (.write, .failWrite),
        ] as [(ConnectionWait.Subject, ConnectionWait.Action)]
    )
    func deadline(_ subject: ConnectionWait.Subject, _ action: ConnectionWait.Action) {
        var wait = ConnectionWait()
        wait.begin(subject, until: .uptimeNanoseconds(10), bytesTaken: 5)
        #expect(wait.action(at: .uptimeNanoseconds(9), bytesTaken: 5) == .none)
        #expect(wait.action(at: .uptimeNanoseconds(10), bytesTaken: 5) == action)
        if subject == .write { #expect(wait.action(at: .uptimeNanoseconds(10), bytesTaken: 6) == .waitOn) }
        wait.end()
        #expect(wait.action(at: .uptimeNanoseconds(11), bytesTaken: 5) == .none)
    }

    @Test(
        "an answer is held to its declared framing",
        arguments: [
            (.none, .drop, .finish), (.length(left: 5), .send, .finish), (.length(left: 4), .abort, .abort),
            (.length(left: 6), .send, .abort), (.chunked, .sendAsChunk, .finishChunks), (.untilClose, .send, .finish),
        ] as [(ResponseWriter.Framing, AnswerProgress.WriteAction, AnswerProgress.EndAction)]
    )
    func framing(
        _ framing: ResponseWriter.Framing,
        _ write: AnswerProgress.WriteAction,
        _ end: AnswerProgress.EndAction
    ) {
        var answer = AnswerProgress()
        #expect(answer.bytesWritten(5) == .drop)
        #expect(answer.ended() == .ignore)
        answer.begin(framing)
        #expect(answer.hasBegun)
        #expect(answer.bytesWritten(5) == write)
        #expect(answer.ended() == end)
        #expect(answer.endsWithConnection == (framing == .untilClose))
        guard end != .abort else { return }
        #expect(answer.bytesWritten(5) == .drop)
        #expect(answer.ended() == .ignore)
    }
}
