import Testing
@Test func placeholderWonkeyCurl() { #expect(Bool(true)) }
