import Logging
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyGateway

@Suite("Key cache")
struct KeyCacheTests {
    private let hash = KeyHash(of: Array("nb_live_a".utf8))
    private let project = ProjectID(rawValue: "proj_a")

    private func known(_ name: String = "a", project: String = "proj_a") -> KnownKey {
        KnownKey(
            KeyRecord(
                id: KeyID(rawValue: "key_\(name)"),
                projectID: ProjectID(rawValue: project),
                organizationID: OrganizationID(rawValue: "org_a"),
                name: name,
                start: "nb_live_\(name)"
            )
        )
    }

    /// Where a text that is too long to be part of the value itself is kept.
    private static func place(_ text: String) -> UInt? {
        unsafe text.utf8.withContiguousStorageIfAvailable { UInt(bitPattern: $0.baseAddress) }
    }

    @Test("keys of a project share what they have in common, and nothing else")
    func sharing() {
        func record(_ number: Int, project: String, permission: String = "images.create") -> KeyRecord {
            KeyRecord(
                id: KeyID(rawValue: "key_0123456789abcde\(number)"),
                projectID: ProjectID(rawValue: "proj_0123456789" + project),
                organizationID: OrganizationID(rawValue: "org_0123456789" + project),
                name: "n\(number)",
                start: "nb_live_\(number)",
                permissions: [Permission(rawValue: permission)].compactMap(\.self).reduce(into: []) { $0.insert($1) },
                overrides: ["minute": Quota(limit: number / 3, window: .seconds(60))]
            )
        }
        let records = [
            record(0, project: "aaaa"), record(1, project: "aaaa"), record(2, project: "bbbb"),
            record(3, project: "aaaa", permission: "images.read"),
        ]
        let maker = KnownKeyMaker()
        let keys = records.map { maker.key($0) }
        #expect(keys.map(\.record) == records)
        #expect(keys.map(\.counterPrefix) == records.map { "wk:{\($0.projectID)}:" })
        for text in [\.record.projectID.rawValue, \.record.organizationID.rawValue, \.counterPrefix]
            as [KeyPath<KnownKey, String>]
        {
            let places = keys.map { Self.place($0[keyPath: text]) }
            #expect(places[0] == places[1] && places[0] == places[3] && places[0] != places[2])
        }
    }

    @Test("a great many projects are no reason to keep a key of each")
    func manyProjects() {
        let maker = KnownKeyMaker()
        let project = "proj_0123456789abcdef"
        let first = maker.key(self.known("first", project: project).record)
        let second = maker.key(self.known("second", project: project).record)
        #expect(Self.place(first.counterPrefix) == Self.place(second.counterPrefix))
        for number in 0..<3_000 { _ = maker.key(self.known(project: "proj_\(number)").record) }
        let third = maker.key(self.known("third", project: project).record)
        #expect(third.counterPrefix == first.counterPrefix)
        #expect(Self.place(third.counterPrefix) != Self.place(first.counterPrefix))
    }

    private func cache(capacity: Int = 100, negative: Int = 100) -> KeyCache {
        KeyCache(
            KeyCache.Settings(
                capacity: capacity,
                negativeCapacity: negative,
                negativeLifetime: .seconds(5),
                stalenessMax: .seconds(60)
            ),
            shards: 1
        )
    }

    private func describe(_ resolution: KeyResolution?) -> String {
        switch resolution {
        case .known(let key): key.record.id.rawValue
        case .unknown: "unknown"
        case .unavailable: "unavailable"
        case nil: "absent"
        }
    }

    private func put(_ resolution: KeyResolution, in cache: KeyCache, for hash: KeyHash, at now: Int64) {
        _ = cache.resolve(hash, now: now) { _ in }
        _ = cache.finish(hash, with: resolution, now: now)
    }

    @Test("one miss loads, everybody else who asks meanwhile waits for that load")
    func singleFlight() {
        let cache = self.cache()
        let heard = Mutex<[String]>([])
        var answers: [String] = []
        for index in 0..<3 {
            let answer = cache.resolve(self.hash, now: 0) { resolution in
                let text = "\(index) \(self.describe(resolution))"
                heard.withLock { $0.append(text) }
            }
            switch answer {
            case .resolved: answers.append("resolved")
            case .mustLoad: answers.append("load")
            case .joined: answers.append("joined")
            }
        }
        #expect(answers == ["load", "joined", "joined"])
        #expect(heard.withLock { $0 } == [])
        _ = cache.finish(self.hash, with: .known(self.known()), now: 0)
        #expect(heard.withLock { $0 } == ["0 key_a", "1 key_a", "2 key_a"])
        #expect(self.describe(cache.cached(self.hash, now: 1)) == "key_a")
    }

    @Test("an unknown hash is not looked up again for the negative lifetime")
    func negative() {
        let cache = self.cache()
        self.put(.unknown, in: cache, for: self.hash, at: 1_000)
        #expect(self.describe(cache.cached(self.hash, now: 5_999)) == "unknown")
        #expect(self.describe(cache.cached(self.hash, now: 6_000)) == "absent")
    }

    @Test("an unavailable store is remembered by nobody")
    func unavailable() {
        let cache = self.cache()
        self.put(.unavailable, in: cache, for: self.hash, at: 0)
        #expect(self.describe(cache.cached(self.hash, now: 0)) == "absent")
    }

    @Test("an entry serves until max_staleness after the feed's last word")
    func staleness() {
        let cache = self.cache()
        self.put(.known(self.known()), in: cache, for: self.hash, at: 0)
        #expect(self.describe(cache.cached(self.hash, now: 59_999)) == "key_a")
        #expect(self.describe(cache.cached(self.hash, now: 60_000)) == "absent")
        cache.confirm(now: 60_000)
        #expect(self.describe(cache.cached(self.hash, now: 119_999)) == "key_a")
        #expect(self.describe(cache.cached(self.hash, now: 120_000)) == "absent")
    }

    @Test("a change forgets the key, known or unknown")
    func change() {
        let cache = self.cache()
        let other = KeyHash(of: Array("nb_live_b".utf8))
        self.put(.known(self.known()), in: cache, for: self.hash, at: 0)
        self.put(.unknown, in: cache, for: other, at: 0)
        for hash in [self.hash, other] {
            cache.apply(Change(sequence: 1, kind: .key, projectID: self.project, keyHash: hash))
            #expect(self.describe(cache.cached(hash, now: 0)) == "absent")
        }
    }

    @Test("a project's change forgets that project's keys only")
    func projectChange() {
        let cache = self.cache()
        let other = KeyHash(of: Array("nb_live_b".utf8))
        self.put(.known(self.known()), in: cache, for: self.hash, at: 0)
        self.put(.known(self.known("b", project: "proj_b")), in: cache, for: other, at: 0)
        cache.apply(Change(sequence: 1, kind: .project, projectID: self.project, keyHash: nil))
        #expect(self.describe(cache.cached(self.hash, now: 0)) == "absent")
        #expect(self.describe(cache.cached(other, now: 0)) == "key_b")
    }

    @Test("what a change overtakes while it is loaded is loaded again and not kept")
    func changeDuringLoad() {
        let cache = self.cache()
        let heard = Mutex<[String]>([])
        _ = cache.resolve(self.hash, now: 0) { resolution in
            let text = self.describe(resolution)
            heard.withLock { $0.append(text) }
        }
        cache.apply(Change(sequence: 1, kind: .key, projectID: self.project, keyHash: self.hash))
        guard case .loadAgain = cache.finish(self.hash, with: .known(self.known()), now: 0) else {
            Issue.record("an outdated answer was taken")
            return
        }
        #expect(heard.withLock { $0 } == [])
        _ = cache.finish(self.hash, with: .unknown, now: 0)
        #expect(heard.withLock { $0 } == ["unknown"])
        #expect(self.describe(cache.cached(self.hash, now: 0)) == "unknown")
    }

    @Test("however many hashes come by, the tables keep their bounds")
    func bounds() {
        let cache = self.cache(capacity: 10, negative: 10)
        for index in 0..<1_000 {
            let hash = KeyHash(of: Array("nb_live_\(index)".utf8))
            self.put(index.isMultiple(of: 2) ? .known(self.known()) : .unknown, in: cache, for: hash, at: 0)
        }
        #expect(cache.count <= 10)
    }

    @Test("a full loader answers unavailable at once instead of queueing without bound")
    func boundedQueue() async {
        let cache = self.cache()
        let loader = KeyLoader(
            cache: cache,
            directory: FakeDirectory(),
            acceptedProjects: nil,
            uptimeMs: { 0 },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let refused = Atomic<Int>(0)
        for index in 0..<(KeyLoader.queueMax + 10) {
            let answer = loader.resolve(KeyHash(of: Array("\(index)".utf8))) { resolution in
                if case .unavailable = resolution { refused.add(1, ordering: .relaxed) }
            }
            #expect(answer == nil)
        }
        #expect(refused.load(ordering: .relaxed) == 10)
    }

    @Test("the loader finds keys, and counts keys of other projects as unknown")
    func loader() async {
        let cache = self.cache()
        let directory = FakeDirectory(records: [self.hash: self.known().record])
        for (projects, expected) in [(nil, "key_a"), ([self.project], "key_a"), ([], "unknown")]
            as [(Set<ProjectID>?, String)]
        {
            cache.removeAll()
            let loader = KeyLoader(
                cache: cache,
                directory: directory,
                acceptedProjects: projects,
                uptimeMs: { 0 },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            async let running: Void = loader.run()
            let found = await withCheckedContinuation { continuation in
                let answer = loader.resolve(self.hash) { continuation.resume(returning: $0) }
                #expect(answer == nil)
            }
            loader.stop()
            await running
            #expect(self.describe(found) == expected)
        }
    }
}

/// Holds what a test gives it, or is away.
private struct FakeDirectory: KeyDirectory {
    var records: [KeyHash: KeyRecord] = [:]

    func keyRecord(hash: KeyHash) async throws(StoreError) -> KeyRecord? {
        self.records[hash]
    }
}
