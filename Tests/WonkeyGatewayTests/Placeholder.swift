import Testing
@Test func placeholderWonkeyGateway() { #expect(Bool(true)) }
