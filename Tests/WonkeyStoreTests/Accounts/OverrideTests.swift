import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: limit overrides")
struct OverrideTests {
    private static let home = project("a")
    private static let subjects: [OverrideSubject] = [.key(KeyID(rawValue: "key_one")), .project(Self.home.id)]

    private static func override(_ subject: OverrideSubject, _ name: String, _ limit: Int) -> LimitOverride {
        LimitOverride(subject: subject, name: name, quota: Quota(limit: limit, window: .milliseconds(1_500)))
    }

    private static func fill(_ test: TestStore) async throws -> Int64 {
        try await test.store.administration.createProject(Self.home, by: operatorActor)
        try await test.store.administration.createKey(key("one", of: Self.home), hash: hash("one"), by: operatorActor)
        return try await test.store.changes.latest()
    }

    private static func set(_ override: LimitOverride, at time: Int64, in store: SQLAdministrationStore) async throws {
        try await store.setOverrides(
            [override.name: override.quota],
            of: override.subject,
            ifVersion: nil,
            at: at(time),
            by: operatorActor
        )
    }

    /// What the outbox tells of a change to a subject's overrides.
    private static func change(_ subject: OverrideSubject, _ sequence: Int64) -> Change {
        switch subject {
        case .key: Change(sequence: sequence, kind: .key, projectID: Self.home.id, keyHash: hash("one"))
        case .project: Change(sequence: sequence, kind: .project, projectID: Self.home.id, keyHash: nil)
        }
    }

    @Test(
        "overrides are set, replaced, listed by name and removed, each told once",
        arguments: Backend.allCases,
        subjects
    )
    func cycle(backend: Backend, subject: OverrideSubject) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let latest = try await Self.fill(test)
            let (b, a, a2) = (
                Self.override(subject, "b", 1), Self.override(subject, "a", 2), Self.override(subject, "a", 0)
            )
            for (time, override) in zip(Int64(51)..., [b, a, a2, a2]) {
                try await Self.set(override, at: time, in: store)
            }
            #expect(try await store.overrides(of: subject) == [a2, b])
            try await store.removeOverride(named: "b", of: subject, ifVersion: nil, at: at(60), by: operatorActor)
            #expect(try await store.overrides(of: subject) == [a2])
            #expect(
                try await test.store.changes.changes(after: latest)
                    == (1...4).map { Self.change(subject, latest + $0) }
            )
            let audit = try await test.values(
                "SELECT event, before_json, after_json FROM audit_log WHERE time > 50 ORDER BY time"
            )
            func json(_ name: String, _ limit: Int) -> SQLValue {
                .text(#"{"\#(name)":{"limit":\#(limit),"window_ms":1500}}"#)
            }
            #expect(
                audit == [
                    [.text("limit.set_override"), .null, json("b", 1)],
                    [.text("limit.set_override"), .null, json("a", 2)],
                    [.text("limit.set_override"), json("a", 2), json("a", 0)],
                    [.text("limit.delete_override"), json("b", 1), .null],
                ]
            )
        }
    }

    @Test("what is not there is not found", arguments: Backend.allCases)
    func missing(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let latest = try await Self.fill(test)
            let strangers: [OverrideSubject] = [
                .key(KeyID(rawValue: "key_x")), .project(ProjectID(rawValue: "proj_x")),
            ]
            for subject in strangers {
                let code = try await storeErrorCode {
                    try await Self.set(Self.override(subject, "a", 1), at: 1, in: store)
                }
                #expect(code == .notFound)
            }
            for subject in Self.subjects + strangers {
                let code = try await storeErrorCode {
                    try await store.removeOverride(
                        named: "a",
                        of: subject,
                        ifVersion: nil,
                        at: at(1),
                        by: operatorActor
                    )
                }
                #expect(code == .notFound)
            }
            #expect(try await test.store.changes.latest() == latest)
        }
    }
}
