import Synchronization
import WonkeyCore

/// The control plane's ports in memory, for tests of operations.
final class MemoryStore: AdministrationStore, LogRepository, SchemaMigrator {
    struct State {
        var projects: [Project] = []
        var keys: [Key] = []
        var hashes: [KeyHash: KeyID] = [:]
        var overrides: [LimitOverride] = []
        /// The organizations that users own.
        var homes: [UserID: OrganizationID] = [:]
        var audit: [AuditRecord] = []
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

    func projects(after start: ListPlace?, limit: Int) async throws(StoreError) -> [Project] {
        try self.call {
            Self.page($0.projects, after: start, limit) { ListPlace(time: $0.createdAt, id: $0.id.rawValue) }
        }
    }

    private static func page<Element>(
        _ elements: [Element],
        after start: ListPlace?,
        _ limit: Int,
        place: (Element) -> ListPlace
    ) -> [Element] {
        let order = { (place: ListPlace) in (place.time, place.id) }
        let sorted = elements.sorted { order(place($0)) < order(place($1)) }
        return Array(sorted.filter { element in start.map { order($0) < order(place(element)) } ?? true }.prefix(limit))
    }

    func defaultProject(
        of user: UserID,
        orMake candidate: Project,
        by actor: Actor
    ) async throws(StoreError) -> Project {
        try self.call { state throws(StoreError) in
            guard let home = state.homes[user] else { throw StoreError(code: .notFound, message: "owns none") }
            if let project = state.projects.first(where: { $0.organizationID == home }) { return project }
            var project = candidate
            project.organizationID = home
            state.projects.append(project)
            return project
        }
    }

    func updateProject(
        _ id: ProjectID,
        _ change: ProjectChange,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Project {
        try self.call { state throws(StoreError) in
            guard let index = state.projects.firstIndex(where: { $0.id == id }) else {
                throw StoreError(code: .notFound, message: "no such project")
            }
            try Self.check(version, state.projects[index].version)
            if let name = change.name {
                guard !state.projects.contains(where: { $0.name == name && $0.id != id }) else {
                    throw StoreError(code: .conflict, message: "project name is taken")
                }
                state.projects[index].name = name
            }
            state.projects[index].version += 1
            state.actors.append(actor)
            return state.projects[index]
        }
    }

    func deleteProject(
        _ id: ProjectID,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try self.call { state throws(StoreError) in
            state.projects.removeAll { $0.id == id }
            state.actors.append(actor)
        }
    }

    private static func check(_ expected: Int64?, _ version: Int64) throws(StoreError) {
        guard expected == nil || expected == version else {
            throw StoreError(code: .outdated, message: "other version")
        }
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

    func keys(of project: ProjectID, after start: ListPlace?, limit: Int) async throws(StoreError) -> [Key] {
        try self.call { state in
            let keys = state.keys.filter { $0.projectID == project }
            return Self.page(keys, after: start, limit) { ListPlace(time: $0.createdAt, id: $0.id.rawValue) }
        }
    }

    func keyCount(of project: ProjectID) async throws(StoreError) -> Int {
        try self.call { $0.keys.count { $0.projectID == project } }
    }

    func updateKey(
        _ id: KeyID,
        _ change: KeyChange,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Key {
        try self.call { state throws(StoreError) in
            let index = try Self.index(of: id, in: state)
            var key = state.keys[index]
            try Self.check(version, key.version)
            guard key.state != .revoked || change.state.map({ $0 == .revoked }) ?? true else {
                throw StoreError(code: .conflict, message: "revocation is final")
            }
            key.name = change.name ?? key.name
            key.state = change.state ?? key.state
            if let expiry = change.expiry { key.expiresAt = expiry.time }
            if let owner = change.owner { key.externalID = owner.externalID }
            key.permissions = change.permissions ?? key.permissions
            key.version += 1
            state.keys[index] = key
            state.actors.append(actor)
            return key
        }
    }

    func deleteKey(
        _ id: KeyID,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try self.call { state throws(StoreError) in
            let index = try Self.index(of: id, in: state)
            try Self.check(version, state.keys[index].version)
            state.keys.remove(at: index)
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

    func setOverrides(
        _ quotas: [String: Quota],
        of subject: OverrideSubject,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Int64 {
        try self.call { state in
            state.overrides.removeAll { $0.subject == subject && quotas.keys.contains($0.name) }
            state.overrides += quotas.map { LimitOverride(subject: subject, name: $0.key, quota: $0.value) }
            state.actors.append(actor)
            return 2
        }
    }

    func overrides(of subject: OverrideSubject) async throws(StoreError) -> [LimitOverride] {
        try self.call { $0.overrides.filter { $0.subject == subject }.sorted { $0.name < $1.name } }
    }

    func removeOverride(
        named name: String,
        of subject: OverrideSubject,
        ifVersion version: Int64?,
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

    // MARK: Audit

    func audit(
        _ filter: AuditFilter,
        before start: ListPlace?,
        limit: Int
    ) async throws(StoreError) -> [AuditRecord] {
        try self.call { state in
            let matching = state.audit.filter { record in
                (filter.event == nil || filter.event == record.event)
                    && (start.map { (record.time, record.id) < ($0.time, $0.id) } ?? true)
            }
            return Array(matching.sorted { ($0.time, $0.id) > ($1.time, $1.id) }.prefix(limit))
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

    func mark() async throws(StoreError) -> LogMark {
        try self.call { LogMark(next: Int64($0.records.count)) }
    }

    /// Every record is a batch of its own, in the order of ``State/records``.
    func records(
        _ filter: LogFilter,
        arrived span: LogArrivals,
        limit: Int
    ) async throws(StoreError) -> LogArrivals.Page {
        try self.call { state in
            let start = span.place.map { $0.arrival + 1 } ?? span.from.next
            let arrived = (start..<span.to.next).prefix(limit)
            let last = arrived.last.map { LogArrivals.Place(arrival: $0, id: state.records[Int($0)].id) }
            return LogArrivals.Page(
                records: arrived.map { state.records[Int($0)] }.filter(filter.matches),
                next: arrived.count < limit ? nil : last
            )
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

    func overview(
        of project: ProjectID,
        hours: Range<Int64>,
        top: Int
    ) async throws(StoreError) -> AnalyticsOverview {
        try self.call { state in
            var tally = RollupTally()
            for record in state.records where record.projectID == project {
                guard hours.contains(AnalyticsBucket.hour.number(of: record.time)) else { continue }
                tally.count(record)
            }
            var figures = AnalyticsFigures()
            for sum in tally.sums { figures += AnalyticsFigures(counts: sum.counts, latency: sum.latency) }
            return AnalyticsOverview(
                figures: figures,
                topKeys: Self.ranks(tally.sums, top) { $0.keyID?.rawValue },
                topPaths: Self.ranks(tally.sums, top) { $0.path }
            )
        }
    }

    private static func ranks(
        _ sums: [RollupDelta],
        _ top: Int,
        by value: (RollupDelta) -> String?
    ) -> [AnalyticsRank] {
        var counts: [String: RollupCounts] = [:]
        for sum in sums {
            if let value = value(sum) { counts[value, default: RollupCounts()] += sum.counts }
        }
        let ranks = counts.map { AnalyticsRank(value: $0.key, counts: $0.value) }
        return Array(ranks.sorted { ($1.counts.requests, $0.value) < ($0.counts.requests, $1.value) }.prefix(top))
    }

    func figures(
        of project: ProjectID,
        by bucket: AnalyticsBucket,
        in numbers: Range<Int64>
    ) async throws(StoreError) -> [Int64: AnalyticsFigures] {
        try self.call { state in
            var figures: [Int64: AnalyticsFigures] = [:]
            for record in state.records where record.projectID == project {
                let number = bucket.number(of: record.time)
                guard numbers.contains(number) else { continue }
                figures[number, default: AnalyticsFigures()].counts += RollupCounts(record)
                figures[number, default: AnalyticsFigures()].latency.record(microseconds: record.latencyMicroseconds)
            }
            return figures
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
