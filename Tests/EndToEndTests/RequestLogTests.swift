import Foundation
import GRDB
import Support
import Synchronization
import Testing

@Suite("The request log, end to end", .temporaryDirectory)
struct RequestLogTests {
    private func deployment(
        _ upstream: StandInServer,
        every: String = "20ms",
        sink: String = "store",
        sample: Int = 1
    ) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            logs: """
                logs:
                  sink: \(sink)
                  sample: \(sample)
                  batch: {rows: 50, every: \(every)}
                  spool: {directory: DIRECTORY/spool}
                """,
            """
            counters: {url: "memory:"}
            upstreams:
              api: {url: "\(upstream.url)"}
            routes:
              - {name: api, match: {prefix: /}, proxy: api}
            """
        )
    }

    private func upstream() async throws -> StandInServer {
        try await StandInServer.start { _ in .answer(status: 200) }
    }

    /// A connection that may hold a transaction open for as long as a test wants.
    private func locker(_ file: String) throws -> DatabaseQueue {
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        // The proxy may be writing just then.
        configuration.busyMode = .timeout(30)
        return try DatabaseQueue(path: file, configuration: configuration)
    }

    @Test("SIGTERM under load loses no record of an answered request")
    func terminated() async throws {
        let upstream = try await self.upstream()
        // Only the stop can flush: no batch fills and the timer is far away.
        let deployment = try await self.deployment(upstream, every: "1m")
        let key = try await deployment.issueKey()
        let outcomes = try await deployment.serving { _ in
            let counts = await deployment.load(connections: 7, requests: 19, key)
            #expect(counts == [200: 133])
        }
        #expect(outcomes.map(\.status) == [0])
        #expect(try await deployment.logCount() == 133)
        await upstream.shutdown()
    }

    @Test("to standard output every request is one JSON line, sampled but for errors, and usage counts them all")
    func standardOutput() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream, sink: "stdout", sample: 10)
        let key = try await deployment.issueKey()
        let printed = Mutex<RunningProxies?>(nil)
        try await deployment.serving { proxies in
            printed.withLock { $0 = proxies }
            _ = await deployment.load(connections: 1, requests: 100, key)
            try await withTestClient(port: deployment.port) { client in
                for _ in 0..<5 { _ = try await client.send("GET", "/unsigned?token=x") }
            }
        }
        let lines = printed.withLock { $0?.lines ?? [] }
        let records = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        let statuses = records.compactMap { $0["status"] as? Int }
        #expect(statuses.filter { $0 == 401 }.count == 5)
        #expect(statuses.filter { $0 == 200 }.count == 10)
        #expect(!lines.contains { $0.contains("token=x") || $0.contains(key.key) })
        #expect(try await deployment.logCount() == 0)
        let usage = try await deployment.admin("--output", "json", "usage", "--project", "shop")
        #expect(usage.replacingOccurrences(of: " ", with: "").contains(#""requests":100"#))
        await upstream.shutdown()
    }

    @Test("with no sink there is no record and no sum of any, and usage counts every request")
    func noSink() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream, sink: "none")
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            _ = await deployment.load(connections: 2, requests: 30, key)
            let refused = try await withTestClient(port: deployment.port) { client in
                try await client.send("GET", "/unsigned").status
            }
            #expect(refused == 401)
        }
        #expect(try await deployment.logCount() == 0)
        let database = try self.locker(deployment.directory.file("wonkey.db"))
        let sums = try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM usage_rollups_daily") }
        #expect(sums == 0)
        let usage = try await deployment.admin("--output", "json", "usage", "--project", "shop")
        #expect(usage.replacingOccurrences(of: " ", with: "").contains(#""requests":60"#))
        await upstream.shutdown()
    }

    @Test("SIGKILL keeps what was older than the flush interval")
    func killed() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream)
        let key = try await deployment.issueKey()
        try await deployment.serving { proxies in
            _ = await deployment.load(connections: 4, requests: 25, key)
            try await eventually("written") {
                try await deployment.metric("wonkey_log_records_written_total") == 100
            }
            proxies.signal(.kill)
        }
        #expect(try await deployment.logCount() == 100)
        await upstream.shutdown()
    }

    @Test("while the store is locked records go to the spool, and all are there once it is free, each once")
    func lockedStore() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream)
        let key = try await deployment.issueKey()
        let file = deployment.directory.file("wonkey.db")
        try await deployment.serving { _ in
            _ = await deployment.load(connections: 1, requests: 10, key)
            let locker = try self.locker(file)
            try await locker.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let counts = await deployment.load(connections: 4, requests: 50, key)
            #expect(counts == [200: 200])
            try await eventually("spooled") {
                try await deployment.metric("wonkey_log_records_spooled") ?? 0 > 0
            }
            try await locker.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try locker.close()
            try await eventually("replayed") {
                try await deployment.metric("wonkey_log_records_written_total") == 210
            }
            #expect(try await deployment.metric("wonkey_log_records_spooled") == 0)
            #expect(try await deployment.metric("wonkey_log_records_dropped_total") == 0)
            #expect(try await deployment.metric("wonkey_log_records_accepted_total") == 210)
        }
        #expect(try await deployment.logCount() == 210)
        await upstream.shutdown()
    }

    @Test("what is spooled when the process is killed is replayed by the next one")
    func killedWithSpool() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream)
        let key = try await deployment.issueKey()
        let locker = try self.locker(deployment.directory.file("wonkey.db"))
        try await deployment.serving { proxies in
            _ = await deployment.load(connections: 1, requests: 1, key)
            try await eventually("written") {
                try await deployment.metric("wonkey_log_records_written_total") == 1
            }
            try await locker.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            _ = await deployment.load(connections: 2, requests: 30, key)
            try await eventually("spooled") { try await deployment.metric("wonkey_log_records_spooled") == 60 }
            proxies.signal(.kill)
        }
        try await locker.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await deployment.logCount() == 1)
        try await deployment.serving { _ in
            try await eventually("replayed") { try await deployment.logCount() == 61 }
        }
        await upstream.shutdown()
    }

    @Test("known keys go on working while the store is locked away, unknown ones get 503, never 401")
    func storeAway() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream)
        let key = try await deployment.issueKey()
        let file = deployment.directory.file("wonkey.db")
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                #expect(try await client.send("GET", "/", headers: key.headers).status == 200)
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.moveItem(atPath: file + suffix, toPath: file + suffix + ".away")
                }
                #expect(FileManager.default.createFile(atPath: file, contents: Data("not a database".utf8)))
                try await eventually("noticed") { try await deployment.metric("wonkey_store_connected") == 0 }
                #expect(try await client.send("GET", "/", headers: key.headers).status == 200)
                let unknown = [("Authorization", "Bearer nb_live_00000000000000000000000000000000")]
                let answer = try await client.send("GET", "/", headers: unknown)
                #expect(answer.status == 503)
                #expect(answer.header("Retry-After") != nil)
                try FileManager.default.removeItem(atPath: file)
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.moveItem(atPath: file + suffix + ".away", toPath: file + suffix)
                }
                try await eventually("back") { try await deployment.metric("wonkey_store_connected") == 1 }
                #expect(try await client.send("GET", "/", headers: unknown).status == 401)
            }
        }
        await upstream.shutdown()
    }
}
