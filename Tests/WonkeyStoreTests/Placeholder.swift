import Testing
@Test func placeholderWonkeyStore() { #expect(Bool(true)) }
