import Support
import Testing
import WonkeyCore

/// The built `wonkey-admin` on a real SQLite file.
@Suite("wonkey-admin limit, logs and usage", .temporaryDirectory)
struct LogProgramTests {
    private static let time = Timestamp(millisecondsSinceEpoch: 1_795_254_160_123)

    /// A record `seconds` after ``time``.
    private func record(_ id: String, project: JSON, key: JSON, at seconds: Int, status: Int = 200) -> RequestRecord {
        RequestRecord(
            id: id,
            requestID: "req-\(id)",
            time: Self.time + .seconds(seconds),
            projectID: ProjectID(rawValue: project["id"].text),
            keyID: KeyID(rawValue: key["id"].text),
            method: "GET",
            path: "/v1/things",
            route: "api",
            status: status,
            latencyMicroseconds: 12_345,
            bytesReceived: 10,
            bytesSent: 20,
            clientAddress: "192.0.2.1",
            userAgent: "curl/8 \u{1B}[31m",
            limitVerdict: status == 429 ? .refused : .admitted,
            fault: .none,
            images: 0
        )
    }

    @Test("limits are set, listed and removed, for keys and for projects")
    func limits() async throws {
        let installation = try await Installation.withProject()
        let project = try await installation.json("project", "show", "acme")
        let key = try await installation.createKey()
        let id = key["id"].text
        let onKey: JSON = [
            "name": "per-minute", "limit": 100, "window": "1m", "window_ms": 60_000, "key_id": key["id"],
            "project_id": nil,
        ]
        let onProject: JSON = [
            "name": "burst", "limit": 0, "window": "10s", "window_ms": 10_000, "key_id": nil,
            "project_id": project["id"],
        ]
        #expect(try await installation.json("limit", "set", "--key", id, "per-minute=100/1m") == ["data": [onKey]])
        #expect(
            try await installation.json("limit", "set", "--project", "acme", "burst=0/10s") == ["data": [onProject]]
        )
        #expect(try await installation.json("limit", "list", "--key", id) == ["data": [onKey]])
        let table = try await installation.run("limit", "list", "--project", "acme")
        #expect(table == .init(status: 0, standardOutput: "LIMIT  UNITS  WINDOW\nburst      0     10s\n"))
        #expect(try await installation.json("limit", "remove", "--key", id, "per-minute") == onKey)
        #expect(try await installation.json("limit", "list", "--key", id) == ["data": []])
    }

    @Test(
        "a bad limit is a usage error",
        arguments: [
            (
                "per-minute=100",
                "\"100\" is not LIMIT/WINDOW: a whole number, a slash and a duration, such as 100/1m or 5000/24h"
            ),
            ("per-minute", "\"per-minute\" is no limit; write NAME=LIMIT/WINDOW, such as per-minute=100/1m"),
            ("per-minit=1/1m", "the configuration has no limit \"per-minit\"; did you mean \"per-minute\"?"),
        ]
    )
    func badLimits(limit: String, message: String) async throws {
        let installation = try await Installation.withProject()
        let outcome = try await installation.run("limit", "set", "--project", "acme", limit)
        #expect(outcome == .init(status: 2, standardError: "wonkey-admin: \(message)\n"))
    }

    @Test("log records are shown whole, filtered and counted")
    func logs() async throws {
        let installation = try await Installation.withProject()
        let project = try await installation.json("project", "show", "acme")
        let key = try await installation.createKey()
        try await installation.write([
            self.record("r1", project: project, key: key, at: 0),
            self.record("r2", project: project, key: key, at: 1, status: 429),
            self.record("r3", project: project, key: key, at: 2, status: 502),
        ])
        let whole: JSON = [
            "id": "r2", "request_id": "req-r2", "time": "2026-11-21T09:42:41.123Z", "project_id": project["id"],
            "key_id": key["id"], "method": "GET", "path": "/v1/things", "route": "api", "status": 429,
            "latency_us": 12_345, "bytes_received": 10, "bytes_sent": 20, "client_address": "192.0.2.1",
            "user_agent": "curl/8 \u{1B}[31m", "limit_verdict": "refused", "fault": "none", "images": 0,
        ]
        #expect(try await installation.json("logs", "--project", "acme", "--status", "429") == ["data": [whole]])
        let all = try await installation.json("logs", "--project", "acme").data
        #expect(all.map(\.["id"]) == ["r3", "r2", "r1"])
        let newest = try await installation.json("logs", "--project", "acme", "--limit", "1").data
        #expect(newest.map(\.["id"]) == ["r3"])

        let counts: [([String], Int)] = [
            ([], 3), (["--status", "4xx"], 1), (["--from", "2026-11-21T09:42:41.123Z"], 2),
            (["--to", "2026-11-21T09:42:41.123Z"], 1), (["--path", "/v1/*", "--method", "get"], 3),
            (["--path", "/v2/*"], 0), (["--key", key["id"].text], 3), (["--key", "key_0"], 0),
        ]
        for (filter, count) in counts {
            let outcome = try await installation.run(["logs", "--project", "acme", "--count"] + filter)
            #expect(outcome == .init(status: 0, standardOutput: "\(count)\n"), "\(filter)")
        }
        #expect(try await installation.json("logs", "--project", "acme", "--count") == ["count": 3])

        let text = try await installation.run("logs", "--project", "acme", "--status", "429")
        let row = "2026-11-21T09:42:41.123Z     429   12.345 ms  GET     /v1/things"
        #expect(text.standardOutput.split(separator: "\n").last?.hasPrefix(row) == true)
    }

    @Test("following prints the last records, then what arrives, old or new, until a signal, and ends with 0")
    func follow() async throws {
        let installation = try await Installation.withProject()
        let project = try await installation.json("project", "show", "acme")
        let key = try await installation.createKey()
        try await installation.write([
            self.record("r1", project: project, key: key, at: 0), self.record("r2", project: project, key: key, at: 1),
        ])
        let third = self.record("r3", project: project, key: key, at: 2)
        let spooled = self.record("r0", project: project, key: key, at: -86_400)
        let follow = ["logs", "--project", "acme", "--follow", "--limit", "1", "--output", "json"]
        let outcome = try await installation.running(follow) { program in
            let first = try JSON(try #require(try await program.nextLine()))
            #expect(first["id"] == "r2")
            try await installation.write([third])
            let second = try JSON(try #require(try await program.nextLine()))
            #expect(second["id"] == "r3")
            try await installation.write([spooled])
            let late = try JSON(try #require(try await program.nextLine()))
            #expect(late["id"] == "r0")
            try program.signal(.interrupt)
            #expect(try await program.nextLine() == nil)
        }
        #expect(outcome == .init(status: 0))
    }

    @Test("usage is listed by day and key with its sum")
    func usage() async throws {
        let installation = try await Installation.withProject()
        let project = try await installation.json("project", "show", "acme")
        let key = try await installation.createKey()
        let deltas = [0, 1].map { offset in
            UsageDelta(
                projectID: ProjectID(rawValue: project["id"].text),
                keyID: KeyID(rawValue: key["id"].text),
                day: Self.time.daysSinceEpoch + offset,
                requests: 10 + offset,
                images: 2,
                lastUsedAt: Self.time
            )
        }
        try await installation.write([], usage: deltas)
        let span = ["--from", "2026-11-01", "--to", "2026-11-30"]
        #expect(
            try await installation.json(["usage", "--project", "acme"] + span) == [
                "data": [
                    ["day": "2026-11-21", "key_id": key["id"], "requests": 10, "images": 2],
                    ["day": "2026-11-22", "key_id": key["id"], "requests": 11, "images": 2],
                ],
                "total": ["requests": 21, "images": 4],
            ]
        )
        let text = try await installation.run(["usage", "--project", "acme"] + span)
        #expect(text.standardOutput.hasSuffix("total" + String(repeating: " ", count: 35) + "21       4\n"))
        #expect(
            try await installation.json("key", "show", key["id"].text)["last_used_at"]
                == "2026-11-21T09:42:40.123Z"
        )
    }
}
