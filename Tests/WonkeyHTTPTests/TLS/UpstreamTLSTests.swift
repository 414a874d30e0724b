import Foundation
import NIOCore
import NIOSSL
import Support
import Testing

@testable import WonkeyHTTP

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
private let answering: [OriginServer.Step] = [.await("\r\n\r\n"), .send(ok), .repeat]

/// TLS between the proxy and an upstream, with real sockets.
@Suite(.timeLimit(.minutes(3))) struct UpstreamTLSTests {
    /// What came of one GET to an origin with a certificate.
    private func answer(
        from leaf: CertificateAuthority.Leaf,
        _ settings: ClientTLSSettings,
        clients: CertificateAuthority? = nil,
        script: [OriginServer.Step] = answering,
        _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> String {
        let origin = try await OriginServer.start(script, tls: leaf.serverContext(clients: clients, change))
        let tls = try ClientTLS(settings)
        let answer = try await UpstreamFixture.run(port: origin.port) {
            $0.tls = tls
        } _: { fixture in
            try await fixture.answer()
        }
        await origin.stop()
        return answer
    }

    /// Trusts an authority, whose file is written into the test's folder.
    private func trusting(_ authority: CertificateAuthority, serverName: String? = nil) throws -> ClientTLSSettings {
        let directory = try #require(TemporaryDirectory.current)
        var settings = ClientTLSSettings(serverName: serverName)
        settings.authorities = try authority.write(to: directory)
        return settings
    }

    @Test("requests go through TLS, several on one connection")
    func answers() async throws {
        let material = try TLSMaterial()
        let origin = try await OriginServer.start(answering, tls: material.origin)
        try await UpstreamFixture.run(port: origin.port) {
            $0.tls = material.upstream
        } _: { fixture async throws in
            for _ in 0..<3 { #expect(try await fixture.answer() == "200 length(2) hi|") }
            #expect(origin.connectionCount == 1)
            #expect(origin.received == [String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 3)])
        }
        await origin.stop()
    }

    @Test("an upstream whose certificate is not good, or not for it, gets no request", .temporaryDirectory)
    func certificates() async throws {
        let authority = try CertificateAuthority()
        let stranger = try CertificateAuthority(name: "Somebody else")
        let address = try authority.issue(["127.0.0.1"])
        let name = try authority.issue(["api.example", "*.wild.example"])
        let good = "200 length(2) hi|"
        let refused = "!certificateRefused"
        let rows: [(CertificateAuthority.Leaf, String?, String)] = [
            (address, nil, good), (name, "api.example", good), (name, "API.example", good),
            (name, "a.wild.example", good), (name, nil, refused), (name, "other.example", refused),
            (name, "a.b.wild.example", refused), (address, "api.example", refused),
            (try authority.issue(["127.0.0.1"], expired: true), nil, refused),
            (try stranger.issue(["127.0.0.1"]), nil, refused),
        ]
        for (leaf, serverName, expected) in rows {
            let settings = try self.trusting(authority, serverName: serverName)
            let answer = try await self.answer(from: leaf, settings)
            #expect(answer == expected, "\(serverName ?? "by its address")")
        }
        // The system's authorities know nothing of ours.
        #expect(try await self.answer(from: address, ClientTLSSettings(serverName: nil)) == refused)
    }

    @Test("where nothing is verified, anybody may answer")
    func unverified() async throws {
        var settings = ClientTLSSettings(serverName: "other.example")
        settings.verification = .none
        let leaf = try CertificateAuthority(name: "Somebody else").issue(["127.0.0.1"], expired: true)
        #expect(try await self.answer(from: leaf, settings) == "200 length(2) hi|")
    }

    @Test(
        "an upstream that asks for our certificate gets it; without one, or with a foreign one, TLS fails",
        .temporaryDirectory,
        arguments: [TLSVersion.tlsv12, .tlsv13]
    )
    func clientCertificate(version: TLSVersion) async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let leaf = try authority.issue(["127.0.0.1"])
        let own = try authority.issue([], commonName: "wonkey")
        let foreign = try CertificateAuthority(name: "Somebody else").issue([], commonName: "wonkey")
        for (identity, expected) in [(own, "200 length(2) hi|"), (foreign, "!tlsFailed"), (nil, "!tlsFailed")] {
            var settings = try self.trusting(authority)
            settings.certificate = try identity?.files(in: directory, "own")
            let answer = try await self.answer(from: leaf, settings, clients: authority) {
                $0.minimumTLSVersion = version
                $0.maximumTLSVersion = version
            }
            #expect(answer == expected)
        }
    }

    @Test(
        "an upstream without TLS, or with too old a version of it, is told from one that is away",
        .temporaryDirectory
    )
    func noTLS() async throws {
        let authority = try CertificateAuthority()
        let leaf = try authority.issue(["127.0.0.1"])
        var settings = try self.trusting(authority)
        settings.minimumVersion = .tls13
        #expect(try await self.answer(from: leaf, settings) { $0.maximumTLSVersion = .tlsv12 } == "!tlsFailed")
        let tls = try ClientTLS(settings)
        for (script, expected) in [
            ([OriginServer.Step.awaitCount(1), .send("HTTP/1.1 400 Bad Request\r\n\r\n"), .close], "!tlsFailed"),
            ([.awaitCount(1), .close], "!tlsFailed"), ([.awaitCount(1), .reset], "!unreachable"),
        ] {
            let origin = try await OriginServer.start(script)
            let answer = try await UpstreamFixture.run(port: origin.port) {
                $0.tls = tls
            } _: {
                try await $0.answer()
            }
            #expect(answer == expected)
            await origin.stop()
        }
        let port = try await FreePort.reserve()
        let answer = try await UpstreamFixture.run(port: port) {
            $0.tls = tls
        } _: {
            try await $0.answer()
        }
        #expect(answer == "!unreachable")
    }

    @Test("the handshake is part of connecting, and of its time")
    func handshakeTimeout() async throws {
        let material = try TLSMaterial()
        let origin = try await OriginServer.start([.await("never")])
        try await UpstreamFixture.run(port: origin.port) {
            $0.tls = material.upstream
            $0.connectTimeout = .milliseconds(100)
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "!connectTimedOut")
            #expect(try await fixture.waits { $0.connectionCount == 0 })
        }
        #expect(try await waits { origin.closedCount == 1 })
        await origin.stop()
    }

    @Test(
        "B11: a body that ends with the connection is whole with a farewell only",
        arguments: [
            (OriginServer.Step.close, "200 chunked hello|"), (.cut, "200 chunked hello!closedEarly"),
            (.reset, "200 chunked hello!closedEarly"),
        ]
    )
    func truncation(step: OriginServer.Step, expected: String) async throws {
        let material = try TLSMaterial()
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        // The body is there before the connection ends: a reset overtakes what was not read.
        let script: [OriginServer.Step] = [.await("\r\n\r\n"), .send(head + "hello"), .await("go"), step]
        let origin = try await OriginServer.start(script, tls: material.origin)
        try await UpstreamFixture.run(port: origin.port) {
            $0.tls = material.upstream
        } _: { fixture async throws in
            let answer = try await fixture.answer(.post, framing: .chunked) { event, recorder in
                switch event {
                case .ready: recorder.exchange?.write(ByteBuffer(string: "x"))
                case .unwanted: break
                case .body: recorder.exchange?.carrier?.write(ByteBuffer(string: "go"), asChunk: false)
                case .informational, .head, .ended, .writable, .failed: break
                }
            }
            #expect(answer.replacing("[unwanted]", with: "") == expected)
        }
        await origin.stop()
    }

    @Test("a body of a known length is whole without a farewell, and broken off where it is short")
    func lengths() async throws {
        let material = try TLSMaterial()
        for (length, expected) in [(2, "200 length(2) hi|"), (3, "200 length(3) hi!closedEarly")] {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n"
            let script: [OriginServer.Step] = [.await("\r\n\r\n"), .send(head + "hi"), .cut]
            let origin = try await OriginServer.start(script, tls: material.origin)
            try await UpstreamFixture.run(port: origin.port) {
                $0.tls = material.upstream
            } _: { fixture async throws in
                #expect(try await fixture.answer(.post) == expected)
            }
            await origin.stop()
        }
    }

    @Test("F12: a POST never goes out on a connection the upstream has ended, with a farewell or without")
    func staleConnections() async throws {
        let material = try TLSMaterial()
        for last in [OriginServer.Step.close, .cut] {
            let origin = try await OriginServer.start([.await("\r\n\r\nhi"), .send(ok), last], tls: material.origin)
            let count = 20
            try await UpstreamFixture.run(port: origin.port) {
                $0.tls = material.upstream
            } _: { fixture async throws in
                for number in 1...count {
                    let answer = try await fixture.answer(.post, "/\(number)", framing: .length(2)) { event, recorder in
                        guard event == .ready else { return }
                        recorder.exchange?.write(ByteBuffer(string: "hi"))
                        recorder.exchange?.end()
                    }
                    #expect(answer == "200 length(2) hi|")
                    #expect(try await waits { origin.closedCount == number })
                }
            }
            let expected = (1...count).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" }
            #expect(origin.received == expected)
            await origin.stop()
        }
    }

    @Test("B12: an idle connection ends as soon as the upstream ends it or speaks unasked")
    func idleConnections() async throws {
        let material = try TLSMaterial()
        for last in [OriginServer.Step.close, .cut, .reset, .send("HTTP/1.1 200 OK\r\n\r\n")] {
            let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(ok), last], tls: material.origin)
            try await UpstreamFixture.run(port: origin.port) {
                $0.tls = material.upstream
            } _: { fixture async throws in
                #expect(try await fixture.answer(.head) == "200 length(2) |")
                #expect(try await fixture.waits { $0.connectionCount == 0 && $0.idleCount == 0 })
            }
            await origin.stop()
        }
    }

    @Test("a request that is given up ends its connection at once, however much the upstream still sends")
    func cancelling() async throws {
        let material = try TLSMaterial()
        let size = 1 << 40
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"
        let script: [OriginServer.Step] = [.await("\r\n\r\n"), .send(head), .flood(size)]
        let origin = try await OriginServer.start(script, tls: material.origin, keepsBytes: false)
        try await UpstreamFixture.run(port: origin.port) {
            $0.tls = material.upstream
        } _: { fixture async throws in
            let answer = try await fixture.answer { event, recorder in
                guard event == .head else { return }
                recorder.exchange?.cancel()
                recorder.finish("given up")
            }
            #expect(answer.hasSuffix("given up"))
            let isGone = try await fixture.waits { $0.connectionCount == 0 }
            #expect(isGone)
        }
        #expect(try await waits { origin.closedCount == 1 })
        await origin.stop()
    }

    @Test("new authorities are trusted once they are loaded", .temporaryDirectory)
    func reloading() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let (old, new) = (try CertificateAuthority(name: "old"), try CertificateAuthority(name: "new"))
        let tls = try ClientTLS(try self.trusting(old))
        let origin = try await OriginServer.start(answering, tls: try new.issue(["127.0.0.1"]).serverContext())
        try await UpstreamFixture.run(port: origin.port) {
            $0.tls = tls
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "!certificateRefused")
            _ = try new.write(to: directory)
            #expect(tls.reload() == .reloaded)
            #expect(try await fixture.answer() == "200 length(2) hi|")
        }
        await origin.stop()
    }
}
