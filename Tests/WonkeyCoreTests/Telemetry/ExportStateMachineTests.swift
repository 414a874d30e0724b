import Testing

@testable import WonkeyCore

@Suite("When spans are sent")
struct ExportStateMachineTests {
    private static func spans(_ numbers: Range<UInt64>) -> [SpanRecord] {
        numbers.compactMap { number in
            guard let trace = TraceID(high: 0, low: number), let span = SpanID(number) else { return nil }
            return SpanRecord(traceID: trace, spanID: span, kind: .server, name: "GET", start: 0, end: 1)
        }
    }

    private func machine(_ change: (inout ExportStateMachine.Settings) -> Void = { _ in }) -> ExportStateMachine {
        var settings = ExportStateMachine.Settings()
        (settings.batch, settings.queue, settings.attempts) = (3, 8, 3)
        change(&settings)
        return ExportStateMachine(settings)
    }

    @Test("a full batch is sent at once, a smaller one when its oldest span has waited long enough")
    func batches() {
        var machine = self.machine()
        #expect(machine.next(at: .zero) == .wait(until: nil))
        machine.arrived(Self.spans(1..<5), at: .seconds(10))
        #expect(machine.next(at: .seconds(10)) == .send(Self.spans(1..<4)))
        #expect(machine.next(at: .seconds(10)) == .wait(until: nil))
        machine.sent(.accepted(rejected: 0), at: .seconds(11), jitter: 0)
        #expect(machine.next(at: .milliseconds(10_500)) == .wait(until: .seconds(11)))
        #expect(machine.next(at: .seconds(11)) == .send(Self.spans(4..<5)))
        machine.sent(.accepted(rejected: 1), at: .seconds(12), jitter: 0)
        #expect(machine.tally == self.tally { ($0.exported, $0.refused) = (3, 1) })
    }

    private func tally(_ change: (inout ExportStateMachine.Tally) -> Void) -> ExportStateMachine.Tally {
        var tally = ExportStateMachine.Tally()
        change(&tally)
        return tally
    }

    @Test("a batch is sent again, later and later, and given up after too many tries; the next one takes its turn")
    func retries() {
        var machine = self.machine()
        machine.arrived(Self.spans(1..<5), at: .zero)
        #expect(machine.next(at: .zero) == .send(Self.spans(1..<4)))
        machine.sent(.retry(after: nil), at: .seconds(1), jitter: 1)
        #expect(machine.next(at: .seconds(1)) == .wait(until: .seconds(2)))
        #expect(machine.next(at: .seconds(2)) == .send(Self.spans(1..<4)))
        machine.sent(.retry(after: .seconds(7)), at: .seconds(3), jitter: 0)
        #expect(machine.next(at: .seconds(9)) == .wait(until: .seconds(10)))
        #expect(machine.next(at: .seconds(10)) == .send(Self.spans(1..<4)))
        machine.sent(.retry(after: nil), at: .seconds(11), jitter: 0)
        #expect(machine.tally == self.tally { ($0.givenUp, $0.retries) = (3, 2) })
        #expect(machine.next(at: .seconds(11)) == .send(Self.spans(4..<5)))
        machine.sent(.refused, at: .seconds(11), jitter: 0)
        #expect(machine.tally == self.tally { ($0.givenUp, $0.retries, $0.refused) = (3, 2, 1) })
    }

    @Test("what there is no room for is dropped and counted, the batch under way included")
    func overflow() {
        var machine = self.machine()
        machine.arrived(Self.spans(1..<7), at: .zero)
        #expect(machine.next(at: .zero) == .send(Self.spans(1..<4)))
        machine.arrived(Self.spans(7..<20), at: .zero)
        #expect(machine.queued == 8)
        #expect(machine.tally == self.tally { $0.overflowed = 11 })
    }

    @Test("closing sends what is left at once, and stops when nothing is, or when time is over")
    func close() {
        var machine = self.machine()
        machine.arrived(Self.spans(1..<3), at: .zero)
        machine.close(at: .zero)
        #expect(machine.next(at: .zero) == .send(Self.spans(1..<3)))
        #expect(machine.next(at: .seconds(1)) == .wait(until: .seconds(3)))
        machine.sent(.accepted(rejected: 0), at: .seconds(1), jitter: 0)
        #expect(machine.next(at: .seconds(1)) == .stop)
        var late = self.machine()
        late.arrived(Self.spans(1..<6), at: .zero)
        #expect(late.next(at: .zero) == .send(Self.spans(1..<4)))
        late.close(at: .zero)
        late.sent(.retry(after: .seconds(60)), at: .seconds(1), jitter: 0)
        #expect(late.next(at: .seconds(1)) == .wait(until: .seconds(3)))
        #expect(late.next(at: .seconds(3)) == .stop)
        #expect(late.tally == self.tally { $0.givenUp = 5 })
        #expect(late.queued == 0)
    }

    @Test(
        "the number of spans a collector did not take is read from its answer",
        arguments: [
            ("", 0), ("{}", 0), (#"{"partialSuccess":{}}"#, 0), (#"{"partialSuccess":{"rejectedSpans":"7"}}"#, 7),
            (#"{"partialSuccess":{"rejectedSpans" : 12 ,"errorMessage":"x"}}"#, 12), (#"{"rejectedSpans":}"#, 0),
            (#"{"rejectedSpans":99999999999999999999}"#, .max),
        ]
    )
    func rejected(_ body: String, count: Int) {
        #expect(OTLPAnswer.rejectedSpans(in: Array(body.utf8)) == count)
    }

    @Test("spans are written as OTLP's JSON: hexadecimal ids, times as strings, typed attributes")
    func json() throws {
        let trace = try #require(TraceID(high: 1, low: 0xAB))
        let span = SpanRecord(
            traceID: trace,
            spanID: try #require(SpanID(7)),
            parentID: SpanID(6),
            traceState: "a=1",
            kind: .client,
            name: "GET /\"x\"",
            start: 1_795_289_072_000_000_000,
            end: 1_795_289_072_000_000_001,
            attributes: [.init("http.request.method", .text("GET")), .init("server.port", .integer(80))],
            status: .error
        )
        let bytes = OTLPTraces.json([span], resource: [.init("service.name", .text("w"))], version: "1")
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"w"}}]},\
                "scopeSpans":[{"scope":{"name":"wonkey","version":"1"},"spans":[\
                {"traceId":"000000000000000100000000000000ab","spanId":"0000000000000007",\
                "parentSpanId":"0000000000000006","traceState":"a=1","name":"GET /\\"x\\"","kind":3,\
                "startTimeUnixNano":"1795289072000000000","endTimeUnixNano":"1795289072000000001",\
                "attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}},\
                {"key":"server.port","value":{"intValue":"80"}}],"status":{"code":2}}]}]}]}
                """
        )
    }
}
