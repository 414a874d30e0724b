import Synchronization
import WonkeyCore

/// The control plane's ports in memory, for tests of operations.
final class MemoryStore: AdministrationStore, LogRepository, SchemaMigrator {
    struct State {
        var projects: [Project] = []
        var keys: [Key] = []
        var hashes: [KeyHash: KeyID] = [:]
        var overrides: [LimitOverride] = []
        var records: [RequestRecord] = []
        var usage: [DailyUsage] = []
        var pendingSteps: [(number: Int, name: String, sql: String)] = []
        var actors: [Actor] = []
        /// Thrown by every call while it is set.
        var failure: StoreError?
    }

    private let state: Mutex<State>

    init() {
        self.state = Mutex(State())
    }

    /// Looks at or changes the state from a test.
    func with<Value: Sendable>(_ body: (inout sending State) -> sending Value) -> Value {
        self.state.withLock { body(&$0) }
    }

    /// Runs a port's call, unless a failure is set.
    private func call<Value: Sendable>(
        _ body: (inout State) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = self.state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            do throws(StoreError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    // MARK: Projects

    func createProject(_ project: Project, by actor: Actor) async throws(StoreError) {
        try self.call { state throws(StoreError) in
            guard !state.projects.contains(where: { $0.name == project.name }) else {
                throw StoreError(code: .conflict, message: "project name is taken")
            }
            state.projects.append(project)
            state.actors.append(actor)
        }
    }

    func projects() async throws(StoreError) -> [Project] {
        try self.call { $0.projects.sorted { $0.name < $1.name } }
    }

    func project(nameOrID: String) async throws(StoreError) -> Project? {
        try self.call { state in
            state.projects.first { $0.id.rawValue == nameOrID } ?? state.projects.first { $0.name == nameOrID }
        }
    }

    // MARK: Keys

    func createKey(_ key: Key, hash: KeyHash, by actor: Actor) async throws(StoreError) {
        try self.call { state in
            state.keys.append(key)
            state.hashes[hash] = key.id
            state.actors.append(actor)
        }
    }

    func keys(of project: ProjectID) async throws(StoreError) -> [Key] {
        try self.call { $0.keys.filter { $0.projectID == project }.sorted { $0.createdAt < $1.createdAt } }
    }

    func key(id: KeyID) async throws(StoreError) -> Key? {
        try self.call { $0.keys.first { $0.id == id } }
    }

    func key(hash: KeyHash) async throws(StoreError) -> Key? {
        try self.call { state in
            state.hashes[hash].flatMap { id in state.keys.first { $0.id == id } }
        }
    }

    func setState(_ newState: KeyState, of key: KeyID, at now: Timestamp, by actor: Actor) async throws(StoreError) {
        try self.call { state throws(StoreError) in
            let index = try Self.index(of: key, in: state)
            guard state.keys[index].state != .revoked || newState == .revoked else {
                throw StoreError(code: .conflict, message: "revocation is final")
            }
            state.keys[index].state = newState
            state.actors.append(actor)
        }
    }

    func rotateKey(
        _ key: KeyID,
        to successor: Key,
        hash: KeyHash,
        oldExpiresAt: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try self.call { state throws(StoreError) in
            let index = try Self.index(of: key, in: state)
            guard state.keys[index].state == .active else {
                throw StoreError(code: .conflict, message: "the key is not active")
            }
            state.keys[index].expiresAt = oldExpiresAt
            state.keys.append(successor)
            state.hashes[hash] = successor.id
            state.actors.append(actor)
        }
    }

    private static func index(of key: KeyID, in state: State) throws(StoreError) -> Int {
        guard let index = state.keys.firstIndex(where: { $0.id == key }) else {
            throw StoreError(code: .notFound, message: "no such key")
        }
        return index
    }

    // MARK: Overrides

    func setOverride(_ override: LimitOverride, at now: Timestamp, by actor: Actor) async throws(StoreError) {
        try self.call { state in
            state.overrides.removeAll { $0.subject == override.subject && $0.name == override.name }
            state.overrides.append(override)
            state.actors.append(actor)
        }
    }

    func overrides(of subject: OverrideSubject) async throws(StoreError) -> [LimitOverride] {
        try self.call { $0.overrides.filter { $0.subject == subject }.sorted { $0.name < $1.name } }
    }

    func removeOverride(
        named name: String,
        of subject: OverrideSubject,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try self.call { state throws(StoreError) in
            let count = state.overrides.count
            state.overrides.removeAll { $0.subject == subject && $0.name == name }
            guard state.overrides.count < count else {
                throw StoreError(code: .notFound, message: "no such override")
            }
            state.actors.append(actor)
        }
    }

    // MARK: Logs

    func records(_ filter: LogFilter, before: LogCursor?, limit: Int) async throws(StoreError) -> [RequestRecord] {
        try self.call { state in
            let matching = state.records.filter { record in
                filter.matches(record)
                    && (before.map { (record.time, record.id) < ($0.time, $0.id) } ?? true)
            }
            return Array(matching.sorted { ($0.time, $0.id) > ($1.time, $1.id) }.prefix(limit))
        }
    }

    func records(_ filter: LogFilter, after: LogCursor, limit: Int) async throws(StoreError) -> [RequestRecord] {
        try self.call { state in
            let matching = state.records.filter { filter.matches($0) && ($0.time, $0.id) > (after.time, after.id) }
            return Array(matching.sorted { ($0.time, $0.id) < ($1.time, $1.id) }.prefix(limit))
        }
    }

    func count(_ filter: LogFilter) async throws(StoreError) -> Int {
        try self.call { $0.records.count(where: filter.matches) }
    }

    func usage(
        of project: ProjectID,
        key: KeyID?,
        fromDay: Int64,
        toDay: Int64
    ) async throws(StoreError) -> [DailyUsage] {
        try self.call { state in
            state.usage.filter { (fromDay...toDay).contains($0.day) && (key == nil || $0.keyID == key) }
        }
    }

    // MARK: Schema

    func pending() async throws(StoreError) -> [SchemaMigrator.Step] {
        try self.call { $0.pendingSteps }
    }

    func migrate() async throws(StoreError) -> [SchemaMigrator.Step] {
        try self.call { state in
            defer { state.pendingSteps = [] }
            return state.pendingSteps
        }
    }
}

extension LogFilter {
    fileprivate func matches(_ record: RequestRecord) -> Bool {
        let isStatus =
            switch self.status {
            case .exactly(let code): record.status == code
            case .statusClass(let digit): record.status / 100 == digit
            case nil: true
            }
        let isPath = self.path.map { path in
            path.hasSuffix("*") ? record.path.hasPrefix(path.dropLast()) : record.path == path
        }
        return isStatus && isPath ?? true && record.projectID == self.projectID
            && (self.keyID == nil || record.keyID == self.keyID)
            && (self.method == nil || record.method == self.method)
            && (self.from.map { $0 <= record.time } ?? true)
            && (self.to.map { record.time < $0 } ?? true)
    }
}
