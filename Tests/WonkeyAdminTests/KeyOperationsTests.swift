import Testing
@testable import WonkeyAdmin
import WonkeyCore

@Suite("Key operations")
struct KeyOperationsTests {
    @Test("a key is made as asked, and the store gets its hash alone")
    func create() async throws {
        var bench = Bench()
        let project = try await bench.project()
        let operation = CreateKey(
            project: "acme",
            name: "alice",
            environment: .test,
            expires: .distance(.seconds(3_600)),
            permissions: ["b:write", "a:read", "b:write"],
            limits: [try LimitArgument("per-minute=100/1m"), try LimitArgument("burst=0/1s")]
        )
        let issued = try await operation.run(in: bench.context, using: &bench.generator)
        let expected = Key(
            id: issued.key.id,
            projectID: project.id,
            organizationID: project.organizationID,
            name: "alice",
            start: issued.text.start,
            environment: .test,
            createdAt: Bench.start,
            expiresAt: Bench.start + .seconds(3_600),
            permissions: ["a:read", "b:write"].compactMap(Permission.init),
            overrides: [
                "per-minute": Quota(limit: 100, window: .seconds(60)), "burst": Quota(limit: 0, window: .seconds(1)),
            ]
        )
        #expect(issued.key == expected)
        #expect(issued.key.id.rawValue.wholeMatch(of: /key_[0-9A-Za-z]{16}/) != nil)
        #expect(issued.text.reveal().wholeMatch(of: /nb_test_[0-9a-f]{32}/) != nil)
        #expect(issued.text.start == String(issued.text.reveal().prefix(16)))
        let stored = bench.store.with { ($0.keys, $0.hashes) }
        #expect(stored.0 == [expected])
        #expect(stored.1 == [KeyHash(of: Array(issued.text.reveal().utf8)): expected.id])
        #expect(try await ShowKey(id: expected.id.rawValue).run(in: bench.context) == expected)
        #expect(try await ListKeys(project: "acme").run(in: bench.context) == [expected])
    }

    @Test(
        "what is wrong with a new key is said before anything is made",
        arguments: [
            (
                CreateKey(project: "acme", name: ""),
                "a key's name has 1 to 64 characters; this one has 0"
            ),
            (
                CreateKey(project: "acme", name: "a", expires: .at(Bench.start)),
                "a key expires in the future; 2026-11-21T09:42:40.123Z is not, it is 2026-11-21T09:42:40.123Z now"
            ),
            (
                CreateKey(project: "acme", name: "a", permissions: ["a b"]),
                "\"a b\" is no permission; 1 to 128 of letters, digits and . _ : * / - are"
            ),
            (
                CreateKey(project: "acme", name: "a", limits: [.perMinut]),
                "the configuration has no limit \"per-minut\"; did you mean \"per-minute\"?"
            ),
            (
                CreateKey(project: "acme", name: "a", limits: [.daily]),
                "the configuration has no limit \"daily\"; it has \"burst\", \"per-minute\""
            ),
            (
                CreateKey(project: "acme", name: "a", limits: [.burst, .burst]),
                "the limit \"burst\" is given twice"
            ),
        ]
    )
    func badInput(operation: CreateKey, message: String) async throws {
        var bench = Bench()
        _ = try await bench.project()
        let error = try await refusal { _ = try await operation.run(in: bench.context, using: &bench.generator) }
        #expect(error == OperationError(code: .invalidInput, message: message, field: error.field))
        #expect(["name", "expires_at", "scopes", "limits"].contains(error.field))
        #expect(bench.store.with { $0.keys.isEmpty })
    }

    @Test(
        "what is no key id is refused, and a key in its place is not repeated",
        arguments: [
            ("acme", "\"acme\""), ("key_", "\"key_\""), ("key_a b", "\"key_a b\""),
            ("nb_live_0123456789abcdef0123456789abcdef", "\"nb_live_01234567…\""),
        ]
    )
    func badID(id: String, shown: String) async throws {
        let bench = Bench()
        let error = try await refusal { _ = try await RevokeKey(id: id).run(in: bench.context) }
        let hint = "is no key id; key ids begin with key_, list the project's keys to see them"
        #expect(error == OperationError(code: .invalidInput, message: "\(shown) \(hint)"))
    }

    @Test("a key that does not exist is not found")
    func unknownID() async throws {
        let bench = Bench()
        let error = try await refusal { _ = try await ShowKey(id: "key_5fZt0aQ2mWx81LcV").run(in: bench.context) }
        #expect(error.code == .notFound)
        #expect(error.message == "no key key_5fZt0aQ2mWx81LcV; list the project's keys to see their ids")
    }

    @Test("a key is revoked once; the second time is a conflict")
    func revoke() async throws {
        var bench = Bench()
        let issued = try await bench.key(of: try await bench.project())
        var expected = issued.key
        expected.state = .revoked
        expected.version = 2
        #expect(try await RevokeKey(id: issued.key.id.rawValue).run(in: bench.context) == expected)
        #expect(bench.store.with { $0.keys } == [expected])
        let error = try await refusal { _ = try await RevokeKey(id: issued.key.id.rawValue).run(in: bench.context) }
        #expect(error == OperationError(code: .conflict, message: "the key \(issued.key.id) is revoked already"))
    }

    @Test("a rotated key lives on for the overlap, and its successor is the same but for id, text and times")
    func rotate() async throws {
        var bench = Bench()
        let old = try await bench.key(of: try await bench.project(), expires: .distance(.seconds(86_400)))
        bench.store.with { $0.keys[0].lastUsedAt = Bench.start }
        bench.clock.advance(by: .seconds(10))
        let rotation = RotateKey(id: old.key.id.rawValue, overlap: .seconds(3_600))
        let outcome = try await rotation.run(in: bench.context, using: &bench.generator)
        var expected = old.key
        expected.id = outcome.issued.key.id
        expected.start = outcome.issued.text.start
        expected.createdAt = bench.clock.now
        #expect(outcome.issued.key == expected)
        #expect(outcome.issued.key.id != old.key.id)
        #expect(outcome.issued.text.reveal() != old.text.reveal())
        #expect(outcome.oldID == old.key.id)
        #expect(outcome.oldExpiresAt == bench.clock.now + .seconds(3_600))
        #expect(bench.store.with { $0.keys[0].expiresAt } == outcome.oldExpiresAt)
    }

    @Test("an overlap never lengthens the old key's life")
    func rotateShortLived() async throws {
        var bench = Bench()
        let old = try await bench.key(of: try await bench.project(), expires: .distance(.seconds(60)))
        let rotation = RotateKey(id: old.key.id.rawValue, overlap: .seconds(3_600))
        let outcome = try await rotation.run(in: bench.context, using: &bench.generator)
        #expect(outcome.oldExpiresAt == Bench.start + .seconds(60))
    }

    @Test("a key that is not in use is not rotated")
    func rotateUnused() async throws {
        var bench = Bench()
        let project = try await bench.project()
        let expired = try await bench.key(of: project, expires: .distance(.seconds(60)))
        let disabled = try await bench.key(of: project)
        bench.store.with { $0.keys[1].state = .disabled }
        bench.clock.advance(by: .seconds(60))
        let messages = [
            (expired.key.id, "the key \(expired.key.id) expired at 2026-11-21T09:43:40.123Z; create a new one"),
            (
                disabled.key.id,
                "the key \(disabled.key.id) is disabled; only a key in use can be rotated, create a new one"
            ),
        ]
        for (id, message) in messages {
            let error = try await refusal {
                let rotation = RotateKey(id: id.rawValue, overlap: .zero)
                _ = try await rotation.run(in: bench.context, using: &bench.generator)
            }
            #expect(error == OperationError(code: .conflict, message: message))
        }
        #expect(bench.store.with { $0.keys.count } == 2)
    }

    @Test("an overlap is at most 90 days")
    func rotateTooLong() async throws {
        var bench = Bench()
        let old = try await bench.key(of: try await bench.project())
        let error = try await refusal {
            let rotation = RotateKey(id: old.key.id.rawValue, overlap: .seconds(90 * 86_400 + 1))
            _ = try await rotation.run(in: bench.context, using: &bench.generator)
        }
        #expect(error == OperationError(code: .invalidInput, message: "an overlap is from 0s to 90d", field: "overlap"))
    }

    @Test("verification names every way in which a key is not good")
    func verify() async throws {
        var bench = Bench()
        let issued = try await bench.key(of: try await bench.project(), expires: .distance(.seconds(60)))
        let context = bench.context
        let text = Array(issued.text.reveal().utf8)

        func finding(_ bytes: [UInt8], _ permissions: [String] = []) async throws -> VerifyKey.Outcome {
            let operation = VerifyKey(presented: bytes, permissions: permissions.compactMap(Permission.init))
            return try await operation.run(in: context)
        }

        #expect(try await finding(text) == .init(finding: .valid, key: issued.key))
        #expect(try await finding(text, ["images:write"]).finding == .valid)
        #expect(try await finding(text, ["admin"]).finding == .insufficientPermissions)
        #expect(try await finding(Array("hello".utf8)) == .init(finding: .malformed, key: nil))
        let other = Array("nb_live_0123456789abcdef0123456789abcdef".utf8)
        #expect(try await finding(other) == .init(finding: .unknown, key: nil))
        bench.clock.advance(by: .seconds(60))
        #expect(try await finding(text) == .init(finding: .expired, key: issued.key))
        bench.store.with { $0.keys[0].state = .disabled }
        #expect(try await finding(text).finding == .disabled)
        bench.store.with { $0.keys[0].state = .revoked }
        #expect(try await finding(text).finding == .revoked)
    }
}

extension LimitArgument {
    fileprivate static let perMinut = Self(name: "per-minut", quota: Quota(limit: 1, window: .seconds(1)))
    fileprivate static let daily = Self(name: "daily", quota: Quota(limit: 1, window: .seconds(1)))
    fileprivate static let burst = Self(name: "burst", quota: Quota(limit: 1, window: .seconds(1)))
}
