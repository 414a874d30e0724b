package import Testing

package struct PlaceholderTrait: TestTrait, TestScoping {
    @concurrent
    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await function()
    }
}
