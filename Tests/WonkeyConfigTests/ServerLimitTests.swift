import Foundation
import Testing
import WonkeyConfig
import WonkeyCore

@Suite("Limits for clients in the configuration")
struct ServerLimitTests {
    private func server(_ text: String) throws -> Configuration.Server {
        let file = """
            version: 1
            listeners: [{address: "127.0.0.1:8080"}]
            store: {url: "sqlite:data/wonkey.db"}
            upstreams: {api: {url: "http://127.0.0.1:3000"}}
            routes: [{name: api, match: {prefix: /}, proxy: api}]
            server: \(text)
            """
        return try Configuration.parse(bytes: Array(file.utf8), fileName: "t.yaml", environment: [:]).server
    }

    @Test("every limit is on unless it is turned off")
    func defaults() throws {
        let server = try self.server("{}")
        #expect(server.connectionsPerAddress == 1_000)
        #expect((server.rates.body, server.rates.answer) == (100, 100))
        #expect(server.chunkExtensions == 1_024)
        #expect(server.timeouts.write == .seconds(60))
        #expect(server.halfClose == .cancel)
        #expect(server.clientCertificateField == nil)
    }

    @Test("every limit is read")
    func settings() throws {
        var expected = Configuration.Server()
        expected.connectionsPerAddress = nil
        (expected.rates.body, expected.rates.answer) = (nil, 2_048)
        expected.chunkExtensions = 0
        expected.clientCertificateField = "X-Forwarded-Client-Cert"
        expected.halfClose = .answer
        expected.timeouts.write = .seconds(1)
        expected.timeouts.linger = .milliseconds(500)
        expected.timeouts.deadPeer = .seconds(30)
        let server = try self.server(
            """
            {connections_per_address: none, rates: {body: none, answer: 2KiB}, chunk_extensions: 0,
            client_certificate_field: X-Forwarded-Client-Cert, half_close: answer, timeouts: {write: 1s, linger: 500ms, dead_peer: 30s}}
            """
        )
        #expect(server == expected)
    }
}
