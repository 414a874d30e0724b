import Testing
@testable import WonkeyAdmin
import WonkeyCore

@Suite("Limit operations")
struct LimitOperationsTests {
    @Test(
        "a limit is written NAME=LIMIT/WINDOW, and what is not is refused with an example",
        arguments: [
            ("per-minute", "\"per-minute\" is no limit; write NAME=LIMIT/WINDOW, such as per-minute=100/1m"),
            ("=100/1m", "\"=100/1m\" is no limit; write NAME=LIMIT/WINDOW, such as per-minute=100/1m"),
            (
                "burst=100",
                "\"100\" is not LIMIT/WINDOW: a whole number, a slash and a duration, such as 100/1m or 5000/24h"
            ),
            (
                "burst=-1/1m",
                "\"-1/1m\" is not LIMIT/WINDOW: a whole number, a slash and a duration, such as 100/1m or 5000/24h"
            ),
            ("burst=1000000001/1m", "a limit is at most 1000000000 per window, and a window at most 366d"),
            ("burst=1/367d", "a limit is at most 1000000000 per window, and a window at most 366d"),
        ]
    )
    func badArguments(text: String, message: String) throws {
        let error = #expect(throws: OperationError.self) { try LimitArgument(text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message == message)
    }

    @Test("limits of a key and of a project are set, replaced, listed and removed apart")
    func lifeCycle() async throws {
        var bench = Bench()
        let project = try await bench.project()
        let key = try await bench.key(of: project).key
        let context = bench.context
        let onKey = LimitSubject.key(key.id.rawValue)
        let onProject = LimitSubject.project("acme")

        let limits = [try LimitArgument("per-minute=100/1m"), try LimitArgument("burst=5/1s")]
        let set = try await SetLimit(subject: onKey, limits: limits).run(in: context).overrides
        #expect(
            set == [
                LimitOverride(
                    subject: .key(key.id),
                    name: "per-minute",
                    quota: Quota(limit: 100, window: .seconds(60))
                ),
                LimitOverride(subject: .key(key.id), name: "burst", quota: Quota(limit: 5, window: .seconds(1))),
            ]
        )
        let replacement = try LimitArgument("burst=7/1s")
        _ = try await SetLimit(subject: onKey, limits: [replacement]).run(in: context)
        _ = try await SetLimit(subject: onProject, limits: [replacement]).run(in: context)
        let quotas = try await ListLimits(subject: onKey).run(in: context).map { "\($0.name) \($0.quota.text)" }
        #expect(quotas == ["burst 7/1s", "per-minute 100/1m"])

        let removed = try await RemoveLimit(subject: onKey, name: "burst").run(in: context)
        #expect(removed.quota == replacement.quota)
        #expect(try await ListLimits(subject: onKey).run(in: context).map(\.name) == ["per-minute"])
        #expect(try await ListLimits(subject: onProject).run(in: context).map(\.name) == ["burst"])
    }

    @Test("limits that the configuration does not have are not set, and none is set then")
    func unknownLimit() async throws {
        var bench = Bench()
        _ = try await bench.project()
        let limits = [try LimitArgument("burst=5/1s"), try LimitArgument("per-minite=5/1s")]
        let error = try await refusal {
            _ = try await SetLimit(subject: .project("acme"), limits: limits).run(in: bench.context)
        }
        let message = "the configuration has no limit \"per-minite\"; did you mean \"per-minute\"?"
        #expect(error == OperationError(code: .invalidInput, message: message, field: "name"))
        #expect(bench.store.with { $0.overrides.isEmpty })
    }

    @Test("removing what is not there names what is")
    func removeUnknown() async throws {
        var bench = Bench()
        _ = try await bench.project()
        let removal = RemoveLimit(subject: .project("acme"), name: "brust")
        let nothing = try await refusal { _ = try await removal.run(in: bench.context) }
        #expect(
            nothing == OperationError(code: .notFound, message: "no exception to \"brust\"; there are no exceptions")
        )
        let limit = try LimitArgument("burst=5/1s")
        _ = try await SetLimit(subject: .project("acme"), limits: [limit]).run(in: bench.context)
        let near = try await refusal { _ = try await removal.run(in: bench.context) }
        #expect(near.message == "no exception to \"brust\"; did you mean \"burst\"?")
    }
}
