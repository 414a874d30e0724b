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

    private static func duties(_ names: [String]) -> Set<Duty> {
        names.reduce(into: []) { $0.formUnion(Duty.named(in: $1) ?? []) }
    }

    private static let real = ServerRow.all.map(\.name) + HTTP2Row.all.map(\.name)
    private static let scripted =
        (Corpus.heads + Corpus.bodies).map(\.name)
        + (ForwardingRow.requestFields + ForwardingRow.responses + ForwardingRow.others).map(\.name)
        + ForwardingTests.conversations.map(\.name) + FramingTests.valid.map(\.name)
        + ForwardingGateTests.rows.map(\.name)

    @Test("every row says which duties it shows")
    func names() {
        #expect((Self.real + Self.scripted).filter { Duty.named(in: $0) == nil } == [])
    }

    @Test("every duty has a row, in front of real servers unless it is said why not")
    func complete() {
        let real = Self.duties(Self.real)
        let missing = Set(Duty.allCases).subtracting(real).subtracting(Self.scriptedOnly.keys)
        #expect(missing.sorted() == [])
        #expect(real.intersection(Self.scriptedOnly.keys).sorted() == [])
        #expect(Set(Self.scriptedOnly.keys).subtracting(Self.duties(Self.scripted)).sorted() == [])
    }
}
