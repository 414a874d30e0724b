import Foundation
import NIOCore
import Support
import Testing

@Suite("PROXY protocol, end to end", .temporaryDirectory)
struct ProxyProtocolTests {
    private static let required = "proxy_protocol: required, proxy_protocol_from: [127.0.0.0/8]"

    private func deployment(_ listener: String, tls: String? = nil) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            tls: tls,
            listener: listener,
            """
            counters: {url: "memory:"}
            server: {timeouts: {handshake: 500ms}}
            routes:
              - name: who
                match: {prefix: /}
                authentication: none
                respond: {body: "who", headers: {X-Client: "{client.address}", X-Scheme: "{request.scheme}"}}
            """
        )
    }

    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("the client is who the balancer says, in either version, and stays so for the whole connection")
    func client() async throws {
        let deployment = try await self.deployment(Self.required)
        try await deployment.serving { _ in
            let first = try await RawClient.connect(port: deployment.port)
            try await first.send("PROXY TCP4 203.0.113.9 ")
            try await first.send("127.0.0.1 4711 80\r\n" + Self.request)
            #expect(try await first.read(through: "who").contains("\r\nX-Client: 203.0.113.9\r\n"))
            try await first.send(Self.request)
            #expect(try await first.read(through: "who").contains("\r\nX-Client: 203.0.113.9\r\n"))
            await first.close()
            let second = try await RawClient.connect(port: deployment.port)
            let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
            try await second.send(
                ByteBuffer(bytes: signature + [0x21, 0x11, 0, 12, 203, 0, 113, 10, 127, 0, 0, 1, 0, 1, 0, 80])
            )
            try await second.send(Self.request)
            #expect(try await second.read(through: "who").contains("\r\nX-Client: 203.0.113.10\r\n"))
            await second.close()
            let own = try await RawClient.connect(port: deployment.port)
            try await own.send(ByteBuffer(bytes: signature + [0x20, 0, 0, 0] + Array(Self.request.utf8)))
            #expect(try await own.read(through: "who").contains("\r\nX-Client: 127.0.0.1\r\n"))
            await own.close()
        }
    }

    @Test("what is no header, never comes or comes from elsewhere is closed without an answer, and counted")
    func refused() async throws {
        let metric = #"wonkey_malformed_requests_total{reason="proxy_header"}"#
        let deployment = try await self.deployment(Self.required)
        try await deployment.serving { _ in
            for text in [Self.request, "PROXY TCP4 1.2.3.4\r\n", ""] {
                let client = try await RawClient.connect(port: deployment.port)
                if !text.isEmpty { try await client.send(text) }
                #expect(try await client.readToEnd() == "")
                await client.close()
            }
            try await eventually("counted") { try await deployment.metric(metric) == 3 }
        }
        let strict = try await self.deployment("proxy_protocol: required, proxy_protocol_from: [10.0.0.0/8]")
        try await strict.serving { _ in
            let client = try await RawClient.connect(port: strict.port)
            try? await client.send("PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n" + Self.request)
            #expect(try await client.readToEnd() == "")
            await client.close()
            try await eventually("counted") { try await strict.metric(metric) == 1 }
        }
    }

    @Test("it comes before TLS")
    func beforeTLS() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let ca = try authority.write(to: directory)
        try authority.issue(["localhost"]).write(to: directory, "server")
        let deployment = try await self.deployment(
            Self.required,
            tls: "{certificate: DIRECTORY/server.pem, private_key: DIRECTORY/server.key}"
        )
        try await deployment.serving { _ in
            let url = "https://localhost:\(deployment.port)/"
            let common = ["-sS", "-i", "--http1.1", "--max-time", "20", "--cacert", ca]
            let place = ["--resolve", "localhost:\(deployment.port):127.0.0.1", url]
            let curl = BuiltProduct(path: "/usr/bin/curl")
            let answer = try await curl.run(common + ["--haproxy-protocol"] + place)
            #expect(answer.status == 0, "\(answer.standardError)")
            #expect(answer.standardOutput.contains("X-Scheme: https\r\n"))
            let without = try await curl.run(common + place)
            #expect(without.status != 0)
            #expect(try await deployment.metric(#"wonkey_tls_handshakes_total{result="completed"}"#) == 1)
        }
    }
}
