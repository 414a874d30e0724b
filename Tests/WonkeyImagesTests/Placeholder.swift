import Testing
@Test func placeholderWonkeyImages() { #expect(Bool(true)) }
