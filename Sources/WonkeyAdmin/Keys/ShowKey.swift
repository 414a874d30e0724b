package import WonkeyCore

/// One key; never its text, which nobody has.
package struct ShowKey: Sendable {
    package var id: String

    package init(id: String) {
        self.id = id
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Key {
        try await context.key(self.id)
    }
}
