import Testing

@testable import WonkeyCore

@Suite("Trace context")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    @Test(
        "a valid traceparent is read, and written again as version 00 with the bits it has",
        arguments: [
            ("00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01"),
            ("00-\(trace)-\(span)-00", "00-\(trace)-\(span)-00"),
            // Bits without a meaning are dropped by whoever writes the field anew.
            ("00-\(trace)-\(span)-ff", "00-\(trace)-\(span)-03"),
            ("00-\(trace)-\(span)-02", "00-\(trace)-\(span)-02"),
            ("01-\(trace)-\(span)-09", "00-\(trace)-\(span)-01"),
            ("cc-\(trace)-\(span)-01-what-will-be", "00-\(trace)-\(span)-01"),
            ("cc-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01"),
            ("00-\(trace)-0000000000000001-01", "00-\(trace)-0000000000000001-01"),
            ("00-00000000000000010000000000000000-\(span)-01", "00-00000000000000010000000000000000-\(span)-01"),
        ]
    )
    func valid(_ text: String, written: String) {
        let parent = TraceParent(Array(text.utf8).span)
        #expect(parent?.text == written)
    }

    @Test(
        "a traceparent that is not valid is none",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-0", "00-\(trace)-\(span)-0g",
            "00-\(trace)-\(span)-001", "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-x", "00-\(trace)-\(span)-01.",
            "cc-\(trace)-\(span)-01.what", "ff-\(trace)-\(span)-01", "FF-\(trace)-\(span)-01", "0-\(trace)-\(span)-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "00_\(trace)-\(span)-01",
            "00-\(trace)_\(span)-01", "00-\(trace)-\(span)_01", "00-00000000000000000000000000000000-\(span)-01",
            "00-\(trace)-0000000000000000-01", " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ",
            "00-\(trace.dropLast())-\(span)-01-", "zz-\(trace)-\(span)-01",
        ]
    )
    func invalid(_ text: String) {
        let parent = TraceParent(Array(text.utf8).span)
        #expect(parent == nil)
    }

    @Test(
        "members of tracestate are passed on in order; one that is not valid discards them all",
        arguments: [
            (["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"], "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
            (["a=1 , \t b=2,,", "", "c=3"], "a=1,b=2,c=3"),
            (["0tenant@system=x", "fw529a3039@dt=FfD9/~x y"], "0tenant@system=x,fw529a3039@dt=FfD9/~x y"),
            ([], nil), ([""], nil), ([" , "], nil), (["a"], nil), (["a="], nil), (["=1"], nil), (["a=1=2"], nil),
            (["A=1"], nil), (["a=1,a=2"], nil), (["a=1", "a=1"], nil), (["a=\u{7F}"], nil), (["a=ä"], nil),
            (["a@0b=1"], nil), (["@b=1"], nil), (["a@=1"], nil), (["a@b@c=1"], nil), (["a b=1"], nil),
            (["a=\(String(repeating: "x", count: 257))"], nil), (["\(String(repeating: "k", count: 257))=1"], nil),
            (["a@\(String(repeating: "s", count: 15))=1"], nil),
        ]
    )
    func traceState(_ values: [String], kept: String?) {
        #expect(TraceState.kept(of: values) == kept)
    }

    @Test("of more than 32 members the last ones are dropped")
    func members() {
        let members = (0..<40).map { "k\($0)=v" }
        #expect(TraceState.kept(of: [members.joined(separator: ",")]) == members.prefix(32).joined(separator: ","))
    }

    @Test("512 bytes are kept; of more, members above 128 bytes go first, then whole members from the end")
    func bytes() {
        let long = "long=" + String(repeating: "x", count: 124)
        let members = (10..<26).map { "k\($0)=" + String(repeating: "v", count: 27) }
        let exact = members.joined(separator: ",") + ","
        #expect(exact.utf8.count == 512)
        #expect(TraceState.kept(of: [exact + "z=1"]) == members.joined(separator: ","))
        #expect(TraceState.kept(of: [String(exact.dropLast(1))]) == String(exact.dropLast(1)))
        #expect(TraceState.kept(of: [long + "," + exact]) == members.joined(separator: ","))
        #expect(TraceState.kept(of: [long]) == long)
    }

    @Test("a generator repeats no id, and two with other seeds have none in common")
    func generator() {
        var first = TraceIDGenerator(seeds: (1, 2))
        var second = TraceIDGenerator(seeds: (3, 4))
        let traces = Set((0..<500).flatMap { _ in [first.nextTrace(), second.nextTrace()] })
        let spans = Set((0..<500).flatMap { _ in [first.nextSpan(), second.nextSpan()] })
        #expect(traces.count == 1_000)
        #expect(spans.count == 1_000)
        #expect(traces.allSatisfy { $0.text.utf8.count == 32 })
        #expect(SpanID(0x00F0_67AA_0BA9_02B7)?.text == Self.span)
        #expect(SpanID(0) == nil)
        #expect(TraceID(high: 0, low: 0) == nil)
    }
}
