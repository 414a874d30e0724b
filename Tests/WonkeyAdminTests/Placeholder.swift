import Support
import Testing
@Test func placeholderWonkeyAdmin() async throws {
    let outcome = try await BuiltProduct("wonkey-admin").run([])
    #expect(outcome == .init(status: 0))
}
