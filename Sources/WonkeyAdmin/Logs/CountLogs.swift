import WonkeyCore

/// How many log records there are.
package struct CountLogs: Sendable {
    package var selection: LogSelection

    package init(selection: LogSelection) {
        self.selection = selection
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Int {
        let filter = try await self.selection.filter(in: context)
        return try await asking { () async throws(StoreError) in try await context.logs.count(filter) }
    }
}
