import Testing
import Support
@Test func e2e() { #expect(Bool(true)) }
