package import WonkeyCore

/// What operations work on: the ports, the time, who acts, and what the configuration says of keys and limits.
package struct AdministrationContext: Sendable {
    package var store: any AdministrationStore
    package var logs: any LogRepository
    package var clock: any WallClock
    package var actor: Actor
    package var keyFormat: KeyFormat
    /// The limits that the configuration names; overrides of others would never apply.
    package var limitNames: Set<String>

    package init(
        store: any AdministrationStore,
        logs: any LogRepository,
        clock: any WallClock,
        actor: Actor,
        keyFormat: KeyFormat = .standard,
        limitNames: Set<String>
    ) {
        self.store = store
        self.logs = logs
        self.clock = clock
        self.actor = actor
        self.keyFormat = keyFormat
        self.limitNames = limitNames
    }
}

extension AdministrationContext {
    /// The project of that id or name.
    ///
    /// - Throws: ``OperationError`` with code `.notFound` and the nearest name there is.
    func project(_ nameOrID: String) async throws(OperationError) -> Project {
        let found = try await asking { () async throws(StoreError) in
            try await self.store.project(nameOrID: nameOrID)
        }
        if let found { return found }
        let names = try await asking { () async throws(StoreError) in try await self.store.projects().map(\.name) }
        let hint =
            switch Suggestion.nearest(to: nameOrID, among: names) {
            case .some(let name): "did you mean \(quoted(name))?"
            case .none where names.isEmpty: "there is none yet; create it first"
            case .none: "list the projects to see their names"
            }
        throw OperationError(code: .notFound, message: "no project \(quoted(nameOrID)); \(hint)")
    }

    /// The key of that id.
    ///
    /// - Throws: ``OperationError`` with code `.invalidInput` if `id` does not look like one, such as a key's own text.
    func key(_ id: String) async throws(OperationError) -> Key {
        let id = try KeyID(checking: id)
        let found = try await asking { () async throws(StoreError) in try await self.store.key(id: id) }
        guard let found else {
            throw OperationError(code: .notFound, message: "no key \(id); list the project's keys to see their ids")
        }
        return found
    }

    /// Checks that the configuration has a limit of that name.
    ///
    /// - Parameters:
    ///   - name: As given.
    ///   - field: The member of the input that holds it.
    /// - Throws: ``OperationError`` with code `.invalidInput` and the nearest name there is.
    func checkLimitName(_ name: String, field: String = "name") throws(OperationError) {
        guard !self.limitNames.contains(name) else { return }
        let hint =
            switch Suggestion.nearest(to: name, among: self.limitNames) {
            case .some(let known): "did you mean \(quoted(known))?"
            case .none where self.limitNames.isEmpty: "it has no limits at all"
            case .none: "it has \(self.limitNames.sorted().map { quoted($0) }.joined(separator: ", "))"
            }
        throw .invalid("the configuration has no limit \(quoted(name)); \(hint)", field: field)
    }
}
