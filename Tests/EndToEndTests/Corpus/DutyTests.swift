import Testing

/// Holds the corpus against the list of duties: what no row shows is nobody's guarantee.
@Suite("The corpus")
struct DutyTests {
    /// Shown in front of a scripted origin only, because no server can be made to do it.
    private static let scriptedOnly: [Duty: String] = [
        .B11: "an answer that is broken",
        .B12: "an answer that nobody asked for",
        .F10: "103 Early Hints, which nginx does not send",
        .F18: "an answer before the end of the body, of a server that closes",
    ]

    /// Of HTTP/2, in front of the upstream of `http2_client.py`.
    private static let http2: Set<Duty> = [
        .contentLength, .fields, .connectionFields, .cookies, .pseudoFields, .streams, .headerList, .continuations,
        .resets,
        .settings, .pings,
    ]

    private static func duties(_ names: [String]) -> Set<Duty> {
        names.reduce(into: []) { $0.formUnion(Duty.named(in: $1) ?? []) }
    }

    private static let real = ServerRow.all.map(\.name)
    private static let scripted =
        (Corpus.heads + Corpus.bodies).map(\.name)
        + (ForwardingRow.requestFields + ForwardingRow.responses + ForwardingRow.others).map(\.name)
        + ForwardingTests.conversations.map(\.name) + FramingTests.valid.map(\.name)
        + ForwardingGateTests.rows.map(\.name)

    /// Printed by a client; those that begin with no duty show something else.
    private static let printed = HTTP2Tests.expected

    @Test("every row says which duties it shows", arguments: Self.real + Self.scripted)
    func names(_ name: String) {
        #expect(Duty.named(in: name) != nil)
    }

    @Test("every duty has a row, in front of real servers unless it is said why not")
    func complete() {
        let real = Self.duties(Self.real)
        let missing = Set(Duty.allCases).subtracting(real).subtracting(Self.scriptedOnly.keys)
        #expect(missing.subtracting(Self.http2).sorted() == [])
        #expect(Self.http2.subtracting(Self.duties(Self.printed)).sorted() == [])
        #expect(real.intersection(Self.scriptedOnly.keys).sorted() == [])
        #expect(Set(Self.scriptedOnly.keys).subtracting(Self.duties(Self.scripted + Self.printed)).sorted() == [])
    }
}
