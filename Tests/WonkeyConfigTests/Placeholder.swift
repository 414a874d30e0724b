import Testing
@Test func placeholderWonkeyConfig() { #expect(Bool(true)) }
