import Foundation
import Support
import Synchronization
import Testing

@Suite("The access log, end to end", .temporaryDirectory)
struct AccessLogTests {
    private func deployment(_ upstream: StandInServer, _ accessLog: String) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams:
              api: {targets: ["\(upstream.url)"]}
            routes:
              - {name: open, match: {prefix: /open}, proxy: api, authentication: none}
              - {name: api, match: {prefix: /}, proxy: api}
            telemetry: {access_log: {\(accessLog)}}
            """
        )
    }

    private static func lines(_ file: String) -> [String] {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    @Test("JSON to standard output: a line for every request, which names the target and holds no secret")
    func json() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 201) }
        let deployment = try await self.deployment(upstream, "format: json")
        let key = try await deployment.issueKey()
        let printed = Mutex<RunningProxies?>(nil)
        try await deployment.serving { proxies in
            printed.withLock { $0 = proxies }
            try await withTestClient(port: deployment.port) { client in
                let fields =
                    key.headers + [
                        ("User-Agent", "a\"b"), ("Referer", "https://u:sentinel@ref.example/?token=sentinel"),
                    ]
                _ = try await client.send("GET", "/a?token=sentinel&q=\(key.key)&b=1", headers: fields)
                _ = try await client.send("POST", "/b", body: Array("sentinel".utf8))
            }
            let client = try await RawClient.connect(port: deployment.port)
            try await client.send("GET /sentinel HTTP/1.1\r\nHost: a\r\nsentinel\r\n\r\n")
            _ = try await client.readToEnd()
        }
        let lines = printed.withLock { $0?.lines ?? [] }
        let all = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        let broken = all.filter { $0["malformed"] != nil }
        #expect(broken.map { $0["malformed"] as? String } == ["field_line"])
        #expect(broken.map { $0["status"] as? Int } == [400])
        let records = all.filter { $0["malformed"] == nil }
        #expect(records.map { $0["status"] as? Int } == [201, 401])
        #expect(records[0]["query"] as? String == "token=REDACTED&q=REDACTED&b=1")
        #expect(records[0]["referer"] as? String == "https://REDACTED@ref.example/?token=REDACTED")
        #expect(records[0]["user_agent"] as? String == "a\"b")
        #expect(records[0]["key_id"] as? String == key.id)
        #expect(records[0]["upstream"] as? String == "api")
        #expect("http://\(records[0]["target"] ?? "")" == upstream.url)
        #expect(records[1]["target"] == nil)
        #expect(!lines.contains { $0.contains("sentinel") || $0.contains(key.key) })
        await upstream.shutdown()
    }

    @Test("a file is followed when it is renamed, at once on SIGHUP, and every request has its line in one of them")
    func rotation() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream, "format: combined, to: DIRECTORY/access.log")
        let (file, old, older) = (
            deployment.directory.file("access.log"), deployment.directory.file("access.log.1"),
            deployment.directory.file("access.log.2")
        )
        let manager = FileManager.default
        try await deployment.serving { proxies in
            try await withTestClient(port: deployment.port) { client in
                _ = try await client.send("GET", "/open/1?a=%00")
                try await eventually("written") { Self.lines(file).count == 1 }
                try manager.moveItem(atPath: file, toPath: older)
                _ = try await client.send("GET", "/open/2")
                try await eventually("followed") { Self.lines(file).count == 1 }
                try manager.moveItem(atPath: file, toPath: old)
                proxies.signal(.hangUp)
                try await eventually("opened anew") { manager.fileExists(atPath: file) }
                _ = try await client.send("GET", "/open/3", headers: [("User-Agent", "x")])
            }
        }
        let lines = [older, old, file].map { Self.lines($0) }
        #expect(lines.map(\.count) == [1, 1, 1])
        let form = try Regex(
            #"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /open/\d[^ "]* HTTP/1\.1" 200 \d+ "-" "(-|x)""#
        )
        for line in lines.joined() { #expect(line.wholeMatch(of: form) != nil, "\(line)") }
        #expect(lines[0].first?.contains("/open/1?a=%00 ") == true)
        let permissions = try manager.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(permissions.map { $0 & 0o007 } == 0)
        await upstream.shutdown()
    }

    @Test(
        "who a client proved to be is in the access log and told upstream; what a client says of it itself is removed"
    )
    func clientCertificate() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        _ = try authority.write(to: directory)
        try authority.issue(["localhost"]).write(to: directory, "server")
        let own = try authority.issue(["a.example", "192.0.2.1"], commonName: "client, \"one\"").write(
            to: directory,
            "own"
        )
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await Deployment(
            in: directory,
            tls: """
                {certificate: DIRECTORY/server.pem, private_key: DIRECTORY/server.key, client_ca: DIRECTORY/ca.pem, \
                client_auth: optional}
                """,
            """
            counters: {url: "memory:"}
            upstreams: {api: {url: "\(upstream.url)"}}
            routes: [{name: open, match: {prefix: /}, proxy: api, authentication: none}]
            server: {client_certificate_field: X-Forwarded-Client-Cert}
            telemetry: {access_log: {to: DIRECTORY/access.log}}
            """
        )
        let fingerprint = try await BuiltProduct(path: "/usr/bin/openssl")
            .run(["x509", "-in", own.certificate, "-noout", "-fingerprint", "-sha256"]).standardOutput
            .drop { $0 != "=" }.dropFirst().filter(\.isHexDigit).lowercased()
        let file = deployment.directory.file("access.log")
        try await deployment.serving { _ in
            let curl = BuiltProduct(path: "/usr/bin/curl")
            let spoofed = ["-sSk", "-H", "X-Forwarded-Client-Cert: By=me", "-H", "X_Forwarded_Client_Cert: Hash=0"]
            let url = "https://127.0.0.1:\(deployment.port)/"
            _ = try await curl.run(spoofed + ["--cert", own.certificate, "--key", own.privateKey, url])
            _ = try await curl.run(spoofed + [url])
            try await eventually("logged") { Self.lines(file).count == 2 }
        }
        let fields = upstream.requests.map { request in
            request.headers.filter { $0.name.lowercased().contains("client") }.map(\.value)
        }
        let subject = #"CN=client\\, \\\"one\\\""#
        #expect(fields == [["Hash=\(fingerprint);Subject=\"\(subject)\";DNS=a.example;IP=192.0.2.1"], []])
        let records = try Self.lines(file).map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(records[0]["client_fingerprint"] as? String == fingerprint)
        #expect(records[0]["client_subject"] as? String == #"CN=client\, \"one\""#)
        #expect(records[0]["client_names"] as? [String] == ["DNS:a.example", "IP:192.0.2.1"])
        #expect(records[1]["client_fingerprint"] == nil)
        await upstream.shutdown()
    }

    @Test("lines are dropped and counted while nobody can write them, and requests go on")
    func full() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream, "to: /dev/full")
        let outcomes = try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for _ in 0..<5 {
                    let status = try await client.send("GET", "/open").status
                    #expect(status == 200)
                }
            }
            try await eventually("dropped") {
                try await deployment.metric("wonkey_access_log_lines_dropped_total") == 5
            }
        }
        #expect(outcomes.map(\.status) == [0])
        await upstream.shutdown()
    }

    @Test("a file that cannot be opened keeps the program from starting, and says why")
    func cannotOpen() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream, "to: DIRECTORY/none/access.log")
        let outcome = try await BuiltProduct("wonkey").run(["run", "--config", deployment.configurations[0]])
        #expect(outcome.status == 1)
        #expect(outcome.standardError.contains("cannot open the access log"))
        await upstream.shutdown()
    }
}
