import Testing
@Test func placeholderWonkeyHTTP() { #expect(Bool(true)) }
