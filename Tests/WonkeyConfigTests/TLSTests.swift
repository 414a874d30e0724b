import Testing
import WonkeyConfig

@Suite("TLS settings")
struct TLSTests {
    private static let text = """
        version: 1
        listeners:
          - address: 127.0.0.1:8443
            tls:
              certificate: a.pem
              private_key: a.key
          - address: 127.0.0.1:9443
            tls:
              certificates:
                - {certificate: b.pem, private_key: b.key}
                - {certificate: c.pem, private_key: c.key}
              client_ca: clients.pem
              client_auth: optional
              min_version: tls1.3
          - address: 127.0.0.1:8080
        store: {url: "sqlite:data/wonkey.db"}
        upstreams:
          named: {url: "https://Api.example"}
          placed:
            url: "https://10.0.0.7:8443"
            host: "[2001:db8::1]:8443"
            tls: {ca: ca.pem, certificate: own.pem, private_key: own.key, server_name: Api.Internal, min_version: tls1.3}
          anybody: {url: "https://[2001:db8::1]:443", tls: {verify: false}}
          plain: {url: "http://127.0.0.1:443", preserve_host: false}
        routes:
          - {name: api, match: {prefix: /}, proxy: named}
        server: {timeouts: {handshake: 3s}}

        """

    private static func pair(_ name: String) -> Configuration.CertificateFiles {
        .init(certificate: "\(name).pem", privateKey: "\(name).key")
    }

    @Test("everything that can be said of TLS is read")
    func whole() throws {
        let configuration = try #require(Outcome(Self.text).configuration)
        var second = Configuration.Listener.TLS(certificates: [Self.pair("b"), Self.pair("c")])
        second.clientCA = "clients.pem"
        second.clientAuthentication = .optional
        second.minimumVersion = .tls13
        #expect(configuration.listeners.map(\.tls) == [.init(certificates: [Self.pair("a")]), second, nil])
        #expect(configuration.server.timeouts.handshake == .seconds(3))
        var placed = Configuration.Upstream.TLS()
        placed.ca = "ca.pem"
        placed.certificate = Self.pair("own")
        placed.serverName = "api.internal"
        placed.minimumVersion = .tls13
        var anybody = Configuration.Upstream.TLS()
        anybody.isVerified = false
        let upstreams = configuration.upstreams
        #expect(upstreams.compactMapValues(\.tls) == ["named": .init(), "placed": placed, "anybody": anybody])
        #expect(upstreams["named"]?.targets == [.init(endpoint: .tcp(host: "api.example", port: 443))])
        #expect(upstreams["placed"]?.host == "[2001:db8::1]:8443" && upstreams["placed"]?.preservesHost == false)
        #expect(
            upstreams.mapValues { $0.authority(of: $0.targets[0]) } == [
                "named": "api.example", "placed": "10.0.0.7:8443", "anybody": "[2001:db8::1]", "plain": "127.0.0.1:443",
            ]
        )
    }

    @Test("a program that looks into the files tells what is wrong with each, at its own key")
    func inspection() {
        let inspection = TLSInspection(
            certificate: { files in
                switch files.certificate {
                case "a.pem": .init(path: files.certificate, message: "cannot be read: no such file")
                case "c.pem": .init(path: files.privateKey, message: "is not the private key of c.pem")
                case "own.pem": .init(path: files.privateKey, message: "holds no private key in PEM")
                default: nil
                }
            },
            authorities: { .init(path: $0, message: "holds no certificate in PEM") }
        )
        #expect(throws: ConfigurationFaults.self) {
            try Configuration.parse(
                bytes: Array(Self.text.utf8),
                fileName: "t.yaml",
                environment: [:],
                inspection: inspection
            )
        }
        do throws(ConfigurationFaults) {
            _ = try Configuration.parse(
                bytes: Array(Self.text.utf8),
                fileName: "t.yaml",
                environment: [:],
                inspection: inspection
            )
        } catch {
            #expect(
                error.description == """
                    t.yaml:5:7: listeners[0].tls.certificate: 'a.pem' cannot be read: no such file
                    t.yaml:11:32: listeners[1].tls.certificates[1].private_key: 'c.key' is not the private key of c.pem
                    t.yaml:12:7: listeners[1].tls.client_ca: 'clients.pem' holds no certificate in PEM
                    t.yaml:22:11: upstreams.placed.tls.ca: 'ca.pem' holds no certificate in PEM
                    t.yaml:22:45: upstreams.placed.tls.private_key: 'own.key' holds no private key in PEM
                    """
            )
        }
    }
}
