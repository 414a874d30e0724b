import NIOCore
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite("Trace fields on the way through")
struct TraceFieldsTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"
    private static let valid = "00-\(trace)-\(span)-01"

    private static func parent() throws -> TraceParent {
        let parent = TraceParent(Array(Self.valid.utf8).span)
        return try #require(parent)
    }

    private static func fields(_ parents: [String], _ states: [String]) -> FieldSection {
        var fields = FieldSection()
        fields.append(name: "X-First", value: "1")
        for parent in parents { fields.append(name: "traceparent", value: parent) }
        for state in states { fields.append(name: "tracestate", value: state) }
        return fields
    }

    @Test("one valid traceparent is taken; a tracestate that may pass as it is stays unchanged")
    func received() throws {
        let parent = try Self.parent()
        #expect(Self.fields([], []).receivedTrace == .none)
        #expect(Self.fields([], ["a=1"]).receivedTrace == .onlyState)
        #expect(Self.fields([Self.valid], []).receivedTrace == .valid(parent, state: .unchanged))
        #expect(Self.fields([Self.valid], ["a=1,b=2"]).receivedTrace == .valid(parent, state: .unchanged))
        #expect(Self.fields([Self.valid], ["a=1", "b=2"]).receivedTrace == .valid(parent, state: .changed("a=1,b=2")))
        #expect(Self.fields([Self.valid], ["a=1,a=2"]).receivedTrace == .valid(parent, state: .changed(nil)))
        #expect(Self.fields([Self.valid, Self.valid], ["a=1"]).receivedTrace == .invalid)
        #expect(Self.fields(["00-x"], ["a=1"]).receivedTrace == .invalid)
    }

    private static func sent(_ trace: ForwardedTrace) throws -> OutgoingHead {
        let head = RequestHead(
            method: .get,
            target: RequestTarget(origin: "/"),
            host: "a",
            fields: Self.fields(["00-x"], ["a=1", "b=2"])
        )
        return try ForwardedRequest.head(
            from: head,
            rules: ForwardingRules(hostPolicy: .upstream("up:1")),
            context: ForwardingContext(
                client: ClientAddress(ip: "192.0.2.7"),
                peer: PeerAddress(ip: "192.0.2.7", port: 5),
                requestID: "r1",
                trace: trace
            )
        )
    }

    private static func lines(_ head: OutgoingHead) -> [String] {
        String(buffer: head.bytes).split(separator: "\r\n").map(String.init)
            .filter { $0.lowercased().hasPrefix("trace") }
    }

    @Test("the client's fields pass, are removed, or make way for the proxy's own")
    func forwarded() throws {
        let parent = try Self.parent()
        #expect(Self.lines(try Self.sent(.asReceived)) == ["traceparent: 00-x", "tracestate: a=1", "tracestate: b=2"])
        #expect(Self.lines(try Self.sent(.none)) == [])
        #expect(Self.lines(try Self.sent(.replaced(parent, state: nil))) == ["traceparent: \(Self.valid)"])
        #expect(
            Self.lines(try Self.sent(.replaced(parent, state: "c=3")))
                == ["traceparent: \(Self.valid)", "tracestate: c=3"]
        )
    }

    @Test("another try carries a span of its own, behind whatever host it goes to")
    func anotherTry() throws {
        let span = try #require(SpanID(0xA))
        let head = try Self.sent(.replaced(try Self.parent(), state: nil))
        let expected = ["traceparent: 00-\(Self.trace)-000000000000000a-01"]
        #expect(Self.lines(head.tracing(span)) == expected)
        #expect(Self.lines(head.naming("another.example:8443").tracing(span)) == expected)
        #expect(Self.lines(head.tracing(span).naming("b")) == expected)
        #expect(Self.lines(head) == ["traceparent: \(Self.valid)"])
        let plain = try Self.sent(.asReceived)
        #expect(Self.lines(plain.tracing(span)) == Self.lines(plain))
    }
}
