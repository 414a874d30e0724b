import Testing
@Test func placeholderWonkeyRedis() { #expect(Bool(true)) }
