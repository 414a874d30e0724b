import Testing
@Test func placeholderWonkeyAdmin() { #expect(Bool(true)) }
