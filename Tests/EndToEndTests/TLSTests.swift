import Foundation
import NIOSSL
import Support
import Synchronization
import Testing

@Suite("TLS, end to end", .temporaryDirectory)
struct TLSTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    private static let certificate = "certificate: DIRECTORY/server.pem, private_key: DIRECTORY/server.key"

    /// A proxy with a route per upstream, named after it; `upstreams` is the section's text.
    private func deployment(tls: String, upstreams: [(name: String, text: String)]) async throws -> Deployment {
        let routes = upstreams.map {
            "  - {name: \($0.name), match: {prefix: /\($0.name)}, proxy: \($0.name), authentication: none}\n"
        }
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            tls: tls,
            """
            upstreams:
              unused: {url: "http://127.0.0.1:1"}
            \(upstreams.map { "  \($0.name): {\($0.text)}\n" }.joined())
            routes:
            \(routes.joined())  - {name: ping, match: {path: /ping}, authentication: none, respond: {body: pong}}
            """
        )
    }

    private func curl(_ arguments: String...) async throws -> BuiltProduct.Outcome {
        try await BuiltProduct(path: "/usr/bin/curl").run(["-sS", "--max-time", "20"] + arguments)
    }

    private func openssl(_ arguments: String..., input: String = "") async throws -> BuiltProduct.Outcome {
        try await BuiltProduct(path: "/usr/bin/openssl").run(arguments, input: input)
    }

    @Test("curl reaches an API over TLS on both sides, and the API is told that the client came by https")
    func bothSides() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let ca = try authority.write(to: directory)
        try authority.issue(["localhost"]).write(to: directory, "server")
        try authority.issue([], commonName: "wonkey").write(to: directory, "own")
        let origin = try await OriginServer.start(
            [.await("\r\n\r\n"), .send(Self.ok), .repeat],
            tls: try authority.issue(["orders.internal"]).serverContext(clients: authority)
        )
        let own = "certificate: DIRECTORY/own.pem, private_key: DIRECTORY/own.key"
        let deployment = try await self.deployment(
            tls: "{\(Self.certificate)}",
            upstreams: [
                (
                    "api",
                    "url: \"https://127.0.0.1:\(origin.port)\", host: \"orders.internal:8443\", "
                        + "tls: {ca: DIRECTORY/ca.pem, server_name: orders.internal, \(own)}"
                )
            ]
        )
        try await deployment.serving { _ in
            let url = "https://localhost:\(deployment.port)/api/1"
            let answer = try await self.curl("--cacert", ca, "--resolve", "localhost:\(deployment.port):127.0.0.1", url)
            #expect(answer == .init(status: 0, standardOutput: "hi"))
            let plain = try await self.curl("http://localhost:\(deployment.port)/api/1")
            #expect(plain.standardOutput.contains("This port speaks HTTPS"))
            #expect(try await deployment.metric(#"wonkey_tls_handshakes_total{result="completed"}"#) == 1)
            #expect(try await deployment.metric(#"wonkey_tls_handshakes_total{result="plain_text"}"#) == 1)
        }
        let seen = try #require(origin.received.first)
        #expect(seen.contains("\r\nHost: orders.internal:8443\r\n"))
        #expect(seen.contains("\r\nX-Forwarded-Proto: https\r\n") && seen.contains(";proto=https\r\n"))
        await origin.stop()
    }

    @Test("an upstream with a bad certificate is a fault of its own kind, of which the client learns nothing")
    func badUpstreams() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        _ = try authority.write(to: directory)
        try authority.issue(["localhost"]).write(to: directory, "server")
        let stranger = try CertificateAuthority(name: "Somebody else")
        let leaves = [
            ("expired", try authority.issue(["127.0.0.1"], expired: true)),
            ("foreign", try stranger.issue(["127.0.0.1"])), ("misnamed", try authority.issue(["other.example"])),
        ]
        var origins: [OriginServer] = []
        var upstreams: [(name: String, text: String)] = []
        for (name, leaf) in leaves {
            let script: [OriginServer.Step] = [.await("\r\n\r\n"), .send(Self.ok)]
            let origin = try await OriginServer.start(script, tls: leaf.serverContext())
            origins.append(origin)
            upstreams.append((name, "url: \"https://127.0.0.1:\(origin.port)\", tls: {ca: DIRECTORY/ca.pem}"))
        }
        let plain = try await OriginServer.start([.awaitCount(1), .send("HTTP/1.1 400 Bad Request\r\n\r\n"), .close])
        upstreams.append(("plain", "url: \"https://127.0.0.1:\(plain.port)\""))
        upstreams.append(("trusting", "url: \"https://127.0.0.1:\(origins[1].port)\", tls: {verify: false}"))
        let deployment = try await self.deployment(tls: "{\(Self.certificate)}", upstreams: upstreams)
        let outcomes = try await deployment.serving { _ in
            let url = "https://127.0.0.1:\(deployment.port)"
            for (name, fault) in [
                ("expired", "certificate"), ("foreign", "certificate"), ("misnamed", "certificate"), ("plain", "tls"),
            ] {
                let answer = try await self.curl("-k", "-i", "--http1.1", "\(url)/\(name)").standardOutput
                #expect(
                    answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("Content-Type: application/problem+json\r\n")
                )
                #expect(answer.contains(#""code":"upstream_unreachable""#))
                #expect(!answer.lowercased().contains("certificate") && !answer.contains("TLS"))
                let metric = #"wonkey_upstream_faults_total{upstream="\#(name)",fault="\#(fault)"}"#
                #expect(try await deployment.metric(metric) == 1)
            }
            #expect(try await self.curl("-k", "\(url)/trusting").standardOutput == "hi")
        }
        let log = outcomes[0].standardError
        #expect(
            log.contains("THE UPSTREAM'S CERTIFICATE IS NOT VERIFIED") && log.contains("upstreams.trusting.tls.verify")
        )
        #expect(log.contains("the certificate of an upstream is refused"))
        for origin in origins { await origin.stop() }
        await plain.stop()
    }

    @Test("openssl resumes sessions, and is refused TLS 1.1 and anonymous or unencrypted ciphers")
    func versionsAndSessions() async throws {
        let directory = try #require(TemporaryDirectory.current)
        try CertificateAuthority().issue(["localhost"]).write(to: directory, "server")
        let deployment = try await self.deployment(tls: "{\(Self.certificate)}", upstreams: [])
        try await deployment.serving { _ in
            let place = "127.0.0.1:\(deployment.port)"
            for version in ["-tls1", "-tls1_1"] {
                let old = try await self.openssl(
                    "s_client",
                    "-connect",
                    place,
                    version,
                    "-cipher",
                    "ALL:@SECLEVEL=0",
                    input: "Q"
                )
                #expect(old.status != 0 && old.standardError.contains("alert protocol version"))
            }
            for cipher in ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA"] {
                let weak = try await self.openssl(
                    "s_client",
                    "-connect",
                    place,
                    "-tls1_2",
                    "-cipher",
                    "\(cipher):@SECLEVEL=0",
                    input: "Q"
                )
                #expect(weak.status != 0 && weak.standardError.contains("handshake failure"))
            }
            let session = directory.file("session")
            let request = "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            for version in ["-tls1_2", "-tls1_3"] {
                let first = try await self.openssl(
                    "s_client",
                    "-connect",
                    place,
                    version,
                    "-sess_out",
                    session,
                    "-ign_eof",
                    input: request
                )
                #expect(first.standardOutput.contains("New, TLS") && first.standardOutput.contains("pong"))
                let second = try await self.openssl(
                    "s_client",
                    "-connect",
                    place,
                    version,
                    "-sess_in",
                    session,
                    "-ign_eof",
                    input: request
                )
                #expect(second.standardOutput.contains("Reused, TLS") && second.standardOutput.contains("pong"))
            }
        }
    }

    @Test("clients with a certificate of the right authority are let in, others are not")
    func clientCertificates() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        _ = try authority.write(to: directory)
        try authority.issue(["localhost"]).write(to: directory, "server")
        let good = try authority.issue([], commonName: "client").write(to: directory, "client")
        let foreign = try CertificateAuthority(name: "Somebody else").issue([]).write(to: directory, "foreign")
        let deployment = try await self.deployment(
            tls: "{\(Self.certificate), client_ca: DIRECTORY/ca.pem}",
            upstreams: []
        )
        try await deployment.serving { _ in
            let url = "https://127.0.0.1:\(deployment.port)/ping"
            let known = try await self.curl("-k", "--cert", good.certificate, "--key", good.privateKey, url)
            #expect(known == .init(status: 0, standardOutput: "pong"))
            let unknown = try await self.curl("-k", "--cert", foreign.certificate, "--key", foreign.privateKey, url)
            #expect(unknown.status != 0 && unknown.standardOutput == "")
            let nameless = try await self.curl("-k", url)
            #expect(nameless.status != 0 && nameless.standardOutput == "")
            #expect(try await deployment.metric(#"wonkey_tls_handshakes_total{result="client_certificate"}"#) == 2)
        }
    }

    @Test("certificates are replaced on SIGHUP under load without a failed request; a broken pair changes nothing")
    func reloading() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        try authority.issue(["127.0.0.1"]).write(to: directory, "server")
        let security = try ClientSecurity(trusting: authority)
        let deployment = try await self.deployment(tls: "{\(Self.certificate)}", upstreams: [])
        let outcomes = try await deployment.serving { proxies in
            let load = Task { try await Self.load(deployment.port, security) }
            let reloads = #"wonkey_tls_reloads_total{result="succeeded"}"#
            let failures = #"wonkey_tls_reloads_total{result="failed"}"#
            for round in 1...5 {
                let leaf = try authority.issue(["127.0.0.1"])
                try leaf.write(to: directory, "server")
                proxies.signal(.hangUp)
                try await eventually("loaded again") { try await deployment.metric(reloads) == Double(round) }
                let client = try await RawClient.connect(port: deployment.port, tls: security)
                #expect(try await client.serverSerial() == leaf.serial)
                await client.close()
            }
            let last = try await RawClient.connect(port: deployment.port, tls: security)
            let serial = try await last.serverSerial()
            await last.close()
            let stray = try authority.issue(["127.0.0.1"])
            try stray.privateKey.write(toFile: directory.file("server.key"), atomically: true, encoding: .utf8)
            proxies.signal(.hangUp)
            try await eventually("refused") { try await deployment.metric(failures) == 1 }
            let after = try await RawClient.connect(port: deployment.port, tls: security)
            #expect(try await after.serverSerial() == serial)
            await after.close()
            let file = directory.file("server.pem")
            let end = try await deployment.metric(
                #"wonkey_tls_certificate_not_after_seconds{for="127.0.0.1:\#(deployment.port)",file="\#(file)"}"#
            )
            #expect(abs((end ?? 0) - Date().timeIntervalSince1970 - 10 * 365 * 86_400) < 3_600)
            load.cancel()
            #expect(try await load.value > 0)
        }
        #expect(outcomes.map(\.status) == [0])
        let log = outcomes[0].standardError
        #expect(log.contains("certificates cannot be loaded again") && log.contains(directory.file("server.key")))
    }

    /// Sends requests until it is cancelled, every other one on a new connection.
    ///
    /// - Returns: How many were answered; every one must be.
    private static func load(_ port: Int, _ security: ClientSecurity) async throws -> Int {
        let request = "GET /ping HTTP/1.1\r\nHost: a\r\n"
        var answered = 0
        while !Task.isCancelled {
            let client = try await RawClient.connect(port: port, tls: security)
            try await client.send(request + "\r\n")
            _ = try await client.read { text, isClosed in isClosed || text.hasSuffix("pong") }
            try await client.send(request + "Connection: close\r\n\r\n")
            guard try await client.readToEnd().hasSuffix("pong") else { throw Deployment.Failure(message: "no answer") }
            answered += 2
        }
        return answered
    }

    @Test("wonkey check loads certificates and tells what is wrong with them, and wonkey-admin does not look")
    func check() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let server = try authority.issue(["localhost"]).write(to: directory, "server")
        try authority.issue(["localhost"]).write(to: directory, "other")
        let text = """
            version: 1
            listeners:
              - {address: "127.0.0.1:8443", tls: {certificate: "\(server.certificate)", private_key: "\(directory.file("other.key"))"}}
              - {address: "127.0.0.1:9443", tls: {certificate: "\(server.certificate)", private_key: "\(server.privateKey)"}}
              - {address: "127.0.0.1:9444", tls: {certificate: /nowhere.pem, private_key: "\(server.privateKey)"}}
            store: {url: "sqlite:\(directory.file("wonkey.db"))"}
            routes:
              - {name: ping, match: {path: /ping}, authentication: none, respond: {body: pong}}

            """
        let file = directory.file("wonkey.yaml")
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let outcome = try await BuiltProduct("wonkey").run(["check", "--config", file])
        #expect(outcome.status == 2)
        let other = directory.file("other.key")
        let key = 56 + server.certificate.utf8.count
        #expect(
            outcome.standardError == """
                \(file):3:\(key): listeners[0].tls.private_key: '\(other)' is not the private key of the certificate in \
                \(server.certificate)
                \(file):5:39: listeners[2].tls.certificate: '/nowhere.pem' cannot be read: no such file

                """
        )
        #expect(try await BuiltProduct("wonkey-admin").run(["--config", file, "migrate"]).status == 0)
    }
}
