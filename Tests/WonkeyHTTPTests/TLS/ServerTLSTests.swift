import Foundation
import NIOCore
import NIOSSL
import Support
import Testing

@testable import WonkeyHTTP

private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
private let last = "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/// TLS between client and server, with real sockets.
@Suite(.timeLimit(.minutes(3))) struct ServerTLSTests {
    /// Runs `body` against a server that answers like ``EchoHandler``, and returns how the handshakes went.
    private func run(
        _ tls: ServerTLS,
        limits: ServerLimits = ServerLimits(),
        onMalformed: @escaping @Sendable (MalformedRequest) -> Void = { _ in },
        _ body: (_ port: Int, _ server: HTTPServer) async throws -> Void
    ) async throws -> [HandshakeOutcome] {
        let reports = Reports<HandshakeOutcome>()
        try await ServerFixture.run(
            limits: limits,
            tls: tls,
            onMalformed: onMalformed,
            onHandshake: { reports.add($0) },
            handler: { EchoHandler($0) },
            body
        )
        return reports.all
    }

    @Test("requests are answered inside TLS, several on a connection, and it ends with a farewell")
    func answers() async throws {
        let material = try TLSMaterial()
        let outcomes = try await self.run(material.server) { port, _ in
            let client = try await RawClient.connect(port: port, tls: material.client)
            try await client.send(get + get)
            #expect(try await client.read(through: "GET /a:HTTP/1.1 200 OK").hasPrefix("HTTP/1.1 200 OK\r\n"))
            try await client.send(last)
            #expect(try await client.readToEnd().hasSuffix("GET /b:"))
            #expect(try await client.endedInPeace())
            #expect(try await client.serverSerial() == material.leaf.serial)
        }
        #expect(outcomes == [.completed])
    }

    @Test("the scheme an exchange tells is that of its connection")
    func scheme() async throws {
        let material = try TLSMaterial()
        for tls in [nil, material.server] {
            let exchanges = ManualExchanges()
            try await ServerFixture.run(tls: tls, handler: { ManualHandler($0, exchanges) }) { port, _ in
                let client = try await RawClient.connect(port: port, tls: tls.map { _ in material.client })
                try await client.send(get)
                try await exchanges.with(0) { exchange in
                    exchange.respond(ResponseHead(status: 200), bytes: Array(exchange.scheme.utf8))
                }
                let expected = tls == nil ? "\r\n\r\nhttp" : "\r\n\r\nhttps"
                #expect(try await client.read(through: expected).hasSuffix(expected))
                await client.close()
            }
        }
    }

    @Test("of several certificates, RSA and EC, the one for the name asked for is shown", .temporaryDirectory)
    func serverNames() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let leaves = [
            try authority.issue(["a.example"]), try authority.issue(["b.example"], kind: .rsa),
            try authority.issue(["*.c.example"]),
        ]
        let files = try leaves.enumerated().map { try $1.files(in: directory, "server-\($0)") }
        let tls = try ServerTLS(ServerTLSSettings(certificates: files))
        let outcomes = try await self.run(tls) { port, _ in
            for (name, leaf) in [
                ("a.example", leaves[0]), ("b.example", leaves[1]), ("x.c.example", leaves[2]),
            ] {
                for version in [TLSVersion.tlsv12, .tlsv13] {
                    let security = try ClientSecurity(trusting: authority, serverName: name) {
                        $0.minimumTLSVersion = version
                        $0.maximumTLSVersion = version
                    }
                    let client = try await RawClient.connect(port: port, tls: security)
                    #expect(try await client.serverSerial() == leaf.serial)
                    try await client.send(last)
                    #expect(try await client.readToEnd().hasSuffix("GET /b:"))
                }
            }
            for name in [nil, "unknown.example"] {
                let security = try ClientSecurity(trusting: nil, serverName: name)
                let client = try await RawClient.connect(port: port, tls: security)
                #expect(try await client.serverSerial() == leaves[0].serial)
                try await client.send(last)
                #expect(try await client.readToEnd().hasSuffix("GET /b:"))
            }
        }
        #expect(outcomes == Array(repeating: .completed, count: 8))
    }

    @Test("TLS 1.1 is refused, and TLS 1.2 where 1.3 is asked for", .temporaryDirectory)
    func versions() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let leaf = try CertificateAuthority().issue(["127.0.0.1"])
        let rows = [
            (TLSMinimumVersion.tls12, TLSVersion.tlsv1, false), (.tls12, .tlsv11, false), (.tls12, .tlsv12, true),
            (.tls12, .tlsv13, true), (.tls13, .tlsv12, false), (.tls13, .tlsv13, true),
        ]
        for (minimum, version, isServed) in rows {
            var settings = ServerTLSSettings(certificates: [try leaf.files(in: directory, "server")])
            settings.minimumVersion = minimum
            let outcomes = try await self.run(try ServerTLS(settings)) { port, server in
                let security = try ClientSecurity(trusting: nil) {
                    $0.minimumTLSVersion = .tlsv1
                    $0.maximumTLSVersion = version
                }
                let client = try? await RawClient.connect(port: port, tls: security)
                #expect((client != nil) == isServed)
                await client?.close()
                #expect(try await waits { server.connectionCount == 0 })
            }
            #expect(outcomes == [isServed ? .completed : .unsupported])
        }
    }

    @Test("http/1.1 is what ALPN settles on, and a client that offers other things only is served all the same")
    func protocols() async throws {
        let material = try TLSMaterial()
        let outcomes = try await self.run(try material.server(speaking: [.http1])) { port, _ in
            for offer in [["h2", "http/1.1"], ["http/1.1"], ["h2"], []] {
                let security = try ClientSecurity(trusting: material.authority) { $0.applicationProtocols = offer }
                let client = try await RawClient.connect(port: port, tls: security)
                #expect(try await client.negotiatedProtocol() == (offer.contains("http/1.1") ? "http/1.1" : nil))
                try await client.send(last)
                #expect(try await client.readToEnd().hasSuffix("GET /b:"))
            }
        }
        #expect(outcomes == Array(repeating: .completed, count: 4))
    }

    @Test(
        "a client certificate is asked for where that is said: a good one is taken, a foreign one never",
        .temporaryDirectory,
        arguments: [true, false],
        [TLSVersion.tlsv12, .tlsv13]
    )
    func clientCertificates(isRequired: Bool, version: TLSVersion) async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let stranger = try CertificateAuthority(name: "Somebody else")
        let leaf = try authority.issue(["127.0.0.1"])
        var settings = ServerTLSSettings(certificates: [try leaf.files(in: directory, "server")])
        let authorities = try authority.write(to: directory)
        settings.clientAuthentication =
            isRequired ? .required(authorities: authorities) : .optional(authorities: authorities)
        let rows: [(CertificateAuthority.Leaf?, HandshakeOutcome)] = [
            (try authority.issue([], commonName: "client"), .completed),
            (try stranger.issue([], commonName: "client"), .clientCertificate),
            (try authority.issue([], commonName: "client", expired: true), .clientCertificate),
            (nil, isRequired ? .clientCertificate : .completed),
        ]
        for (identity, expected) in rows {
            let outcomes = try await self.run(try ServerTLS(settings)) { port, server in
                let security = try ClientSecurity(trusting: authority, identity: identity) {
                    $0.minimumTLSVersion = version
                    $0.maximumTLSVersion = version
                }
                // With TLS 1.3 a client learns of the refusal with its first answer, or instead of it.
                let client = try? await RawClient.connect(port: port, tls: security)
                try? await client?.send(last)
                let answer = try await client?.readToEnd() ?? ""
                #expect(answer.hasSuffix("GET /b:") == (expected == .completed))
                await client?.close()
                #expect(try await waits { server.connectionCount == 0 })
            }
            #expect(outcomes == [expected])
        }
    }

    @Test("plain HTTP on a TLS port is told so, counted, and does not stay")
    func plainText() async throws {
        let material = try TLSMaterial()
        let malformed = Reports<MalformedRequest.Reason>()
        var limits = ServerLimits()
        limits.handshakeTimeout = .seconds(3)
        let outcomes = try await self.run(
            material.server,
            limits: limits,
            onMalformed: { malformed.add($0.reason) }
        ) { port, server in
            let client = try await RawClient.connect(port: port)
            try await client.send("DELETE /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            try await client.send(ByteBuffer(repeating: 0x78, count: 100_000))
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("https://") && answer.contains("Connection: close\r\n"))
            #expect(try await waits { server.connectionCount == 0 })
            await client.close()
        }
        #expect(outcomes == [.plainText])
        #expect(malformed.all == [.plainText])
    }

    @Test("a TLS handshake on a plain port is refused at its first byte, and counted")
    func handshakeOnPlainPort() async throws {
        let malformed = Reports<MalformedRequest.Reason>()
        try await ServerFixture.run(onMalformed: { malformed.add($0.reason) }, handler: { EchoHandler($0) }) {
            port,
            _ in
            let client = try await RawClient.connect(port: port)
            try await client.send(ByteBuffer(bytes: [0x16]))
            #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            await client.close()
            let security = try ClientSecurity(trusting: nil)
            await #expect(throws: (any Error).self) { try await RawClient.connect(port: port, tls: security) }
        }
        #expect(malformed.all == [.tls, .tls])
    }

    @Test(
        "what is no handshake, or none that ends, does not stay",
        arguments: [
            ([], HandshakeOutcome.timedOut), ([0x16], .timedOut), ([0x16, 3, 1, 2, 0, 1], .timedOut),
            ([0x16, 9, 9, 0, 1, 0], .failed), ([0x80, 0x2e, 1, 0, 2], .failed),
            (Array(repeating: 0, count: 100), .failed),
        ] as [([UInt8], HandshakeOutcome)]
    )
    func noHandshake(bytes: [UInt8], expected: HandshakeOutcome) async throws {
        var limits = ServerLimits()
        // What is refused for its bytes is so on a busy machine, too.
        limits.handshakeTimeout = expected == .timedOut ? .milliseconds(100) : .seconds(60)
        let outcomes = try await self.run(try TLSMaterial().server, limits: limits) { port, server in
            let client = try await RawClient.connect(port: port)
            try? await client.send(ByteBuffer(bytes: bytes))
            _ = try await client.readToEnd()
            #expect(try await waits { server.connectionCount == 0 })
        }
        #expect(outcomes == [expected])
    }

    @Test("a client that leaves during the handshake is counted as gone")
    func clientGone() async throws {
        let outcomes = try await self.run(try TLSMaterial().server) { port, server in
            let client = try await RawClient.connect(port: port)
            try await client.send(ByteBuffer(bytes: [0x16, 3, 1]))
            #expect(try await waits { server.connectionCount == 1 })
            await client.close()
            #expect(try await waits { server.connectionCount == 0 })
        }
        #expect(outcomes == [.clientGone])
    }

    @Test("a client that does not trust the server is counted as the one who refused")
    func untrusted() async throws {
        let stranger = try ClientSecurity(trusting: try CertificateAuthority(name: "Somebody else"))
        let outcomes = try await self.run(try TLSMaterial().server) { port, server async throws in
            await #expect(throws: (any Error).self) { try await RawClient.connect(port: port, tls: stranger) }
            #expect(try await waits { server.connectionCount == 0 })
        }
        #expect(outcomes == [.refusedByClient])
    }

    @Test("B9: an answer that ends with the connection has a farewell when it is whole, and none when it is not")
    func truncation() async throws {
        let material = try TLSMaterial()
        _ = try await self.run(material.server) { port, _ in
            for (path, isCutOff) in [("/chunked", false), ("/abort", true)] {
                let client = try await RawClient.connect(port: port, tls: material.client)
                try await client.send("GET \(path) HTTP/1.0\r\n\r\n")
                // A reset may overtake the bytes of an answer that is broken off anyway.
                let answer = try await client.readToEnd()
                #expect(isCutOff || answer.hasSuffix("\r\n\r\npart"))
                #expect(try await client.endedInPeace() == !isCutOff)
                await client.close()
            }
        }
    }

    @Test("a shutdown ends handshakes at its deadline, and serves a client until then that had begun to connect")
    func shutdown() async throws {
        let material = try TLSMaterial()
        let outcomes = try await self.run(material.server) { port, server in
            let silent = try await RawClient.connect(port: port)
            #expect(try await waits { server.connectionCount == 1 })
            server.beginDraining()
            let client = try await RawClient.connect(port: port, tls: material.client)
            try await client.send(get)
            #expect(try await client.readToEnd().contains("Connection: close\r\n"))
            await server.shutdown(deadline: .milliseconds(50))
            #expect(server.connectionCount == 0)
            #expect(try await silent.readToEnd() == "")
        }
        #expect(outcomes == [.completed])
    }

    @Test(
        "certificates are replaced under load without a failed request; open connections keep theirs",
        .temporaryDirectory
    )
    func reloading() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let first = try authority.issue(["127.0.0.1"])
        let files = try first.files(in: directory, "server")
        let tls = try ServerTLS(ServerTLSSettings(certificates: [files]))
        let security = try ClientSecurity(trusting: authority)
        let outcomes = try await self.run(tls) { port, _ in
            let old = try await RawClient.connect(port: port, tls: security)
            let load = Task {
                var answered = 0
                while !Task.isCancelled {
                    let client = try await RawClient.connect(port: port, tls: security)
                    try await client.send(last)
                    guard try await client.readToEnd().hasSuffix("GET /b:") else { return -1 }
                    answered += 1
                }
                return answered
            }
            for _ in 0..<10 {
                let leaf = try authority.issue(["127.0.0.1"])
                try leaf.write(to: directory, "server")
                #expect(tls.reload() == .reloaded)
                let client = try await RawClient.connect(port: port, tls: security)
                #expect(try await client.serverSerial() == leaf.serial)
                await client.close()
            }
            load.cancel()
            #expect(try await load.value > 0)
            try await old.send(last)
            #expect(try await old.readToEnd().hasSuffix("GET /b:"))
            #expect(try await old.serverSerial() == first.serial)
        }
        #expect(Set(outcomes) == [.completed])
    }
}
