import Foundation
import Support
import Testing

@Suite("Comparing a file with a running process, end to end", .temporaryDirectory)
struct DiffTests {
    private func deployment() async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            limits:
              main: {algorithm: fixed-window, limit: 100, window: 1h, by: key}
            upstreams:
              api: {url: "http://127.0.0.1:1", headers: {X-Api-Key: hush-hush-1}}
            routes:
              - {name: old, match: {path: /old}, authentication: none, respond: {body: old}}
              - {name: ping, match: {path: /ping}, respond: {body: pong}, limits: [main]}
              - {name: api, match: {prefix: /api}, proxy: api}
            """
        )
    }

    private func diff(_ file: String, _ arguments: String...) async throws -> BuiltProduct.Outcome {
        try await BuiltProduct("wonkey").run(["diff", "--config", file] + arguments)
    }

    @Test(
        "routes, limits and upstreams are compared field by field, secrets unseen, and keys that get less are counted"
    )
    func differences() async throws {
        let deployment = try await self.deployment()
        let (plain, own) = (try await deployment.issueKey(), try await deployment.issueKey("--limit", "main=5/1h"))
        let new = deployment.directory.file("new.yaml")
        let text =
            try String(contentsOfFile: deployment.configurations[0], encoding: .utf8)
            .replacingOccurrences(of: "limit: 100", with: "limit: 50")
            .replacingOccurrences(of: "hush-hush-1", with: "hush-hush-2")
            .replacingOccurrences(of: "rows: 100", with: "rows: 200")
            .replacingOccurrences(
                of: "{name: old, match: {path: /old}, authentication: none, respond: {body: old}}",
                with: "{name: new, match: {path: /new}, authentication: none, respond: {body: new}}"
            ) + "server: {header_count: 50, drain: {delay: 0s}}\n"
        try text.write(toFile: new, atomically: true, encoding: .utf8)
        let outcomes = try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for key in [plain, own] {
                    let answer = try await client.send("GET", "/ping", headers: key.headers)
                    #expect(answer.status == 200)
                }
            }
            let same = try await self.diff(deployment.configurations[0])
            #expect(same.status == 0, "\(same)")
            #expect(same.standardOutput.hasPrefix("no differences: generation 1 ("))
            let hash = try await deployment.configurationHash()
            let outcome = try await self.diff(new)
            #expect(outcome.status == 1, "\(outcome)")
            #expect(
                outcome.standardOutput == """
                    from generation 1 (\(hash)) to \(new):
                    ~ limits main
                        limit: 100 -> 50
                    ~ logs
                        batch.rows: 100 -> 200  (needs a restart)
                    + routes new
                        authentication: none
                        match.path: /new
                        name: new
                        respond.body: new
                    - routes old
                        authentication: none
                        match.path: /old
                        name: old
                        respond.body: old
                    ~ server
                        header_count: 100 -> 50
                    ~ upstreams api
                        headers.X-Api-Key: (secret) -> (secret)
                    keys in the memory of the process: 2, of which 1 would get less
                        main: 1

                    """
            )
            let json = try await self.diff(
                new,
                "--output",
                "json",
                "--operations",
                "127.0.0.1:\(deployment.ports[0].operations)"
            )
            #expect(json.status == 1)
            let object = try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8)) as? [String: Any]
            let keys = object?["keys"] as? [String: Any]
            #expect(keys?["get_less"] as? Int == 1 && keys?["total"] as? Int == 2)
            #expect(keys?["counted"] as? String == "memory")
            #expect((object?["changes"] as? [[String: Any]])?.count == 6)
            for text in [outcome.standardOutput, json.standardOutput] { #expect(!text.contains("hush")) }
            #expect(try await deployment.metric("wonkey_config_generation") == 1)
        }
        #expect(outcomes.map(\.status) == [0])
    }

    @Test(
        "trouble is told from differences: a faulty file, nobody there, no listener named, another path, a broken question"
    )
    func trouble() async throws {
        let deployment = try await self.deployment()
        let file = deployment.configurations[0]
        let faulty = deployment.directory.file("faulty.yaml")
        try "version: 2\n".write(toFile: faulty, atomically: true, encoding: .utf8)
        let outcome = try await self.diff(faulty)
        #expect(outcome.status == 2)
        #expect(outcome.standardError.contains("\(faulty):1:10: version: must be 1, not '2'"))
        let nobody = try await self.diff(file)
        #expect(nobody.status == 2)
        #expect(nobody.standardError.contains("the process at 127.0.0.1:\(deployment.ports[0].operations): no answer"))
        let nonsense = try await self.diff(file, "--operations", "somewhere")
        #expect(nonsense.status == 2)
        #expect(nonsense.standardError.contains("--operations must be"))
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.ports[0].operations) { client in
                let broken = try await client.send("POST", "/config/diff", body: Array("{}".utf8))
                #expect(broken.status == 400)
                let get = try await client.send("GET", "/config/diff")
                #expect(get.status == 404)
            }
            // A public listener has no such path.
            try await withTestClient(port: deployment.port) { client in
                let answer = try await client.send("POST", "/config/diff", body: Array("{}".utf8))
                #expect(answer.status == 404)
            }
        }
    }
}
