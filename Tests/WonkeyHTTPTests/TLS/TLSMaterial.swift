import NIOSSL
import Support
import Synchronization

@testable import WonkeyHTTP

/// An authority, a server's certificate by it for `localhost` and 127.0.0.1, and both sides made with them.
struct TLSMaterial: Sendable {
    let authority: CertificateAuthority
    let leaf: CertificateAuthority.Leaf
    let server: ServerTLS
    /// Reaches a server at 127.0.0.1.
    let upstream: ClientTLS
    private let upstreams: [UpstreamProtocol: ClientTLS]
    let client: ClientSecurity
    let origin: NIOSSLContext

    /// Makes it all; the files are read and gone when this returns.
    init(names: [String] = ["localhost", "127.0.0.1"]) throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        self.authority = try CertificateAuthority()
        self.leaf = try self.authority.issue(names)
        self.server = try ServerTLS(ServerTLSSettings(certificates: [self.leaf.files(in: directory, "server")]))
        var settings = ClientTLSSettings(serverName: nil)
        settings.authorities = try self.authority.write(to: directory)
        self.upstream = try ClientTLS(settings)
        var upstreams: [UpstreamProtocol: ClientTLS] = [:]
        for speaks in [UpstreamProtocol.http1, .http2, .negotiated] {
            settings.protocols = speaks.offers
            upstreams[speaks] = try ClientTLS(settings)
        }
        self.upstreams = upstreams
        self.client = try ClientSecurity(trusting: self.authority)
        self.origin = try self.leaf.serverContext()
    }

    /// An upstream's side that offers what goes with it.
    func upstream(speaking speaks: UpstreamProtocol) -> ClientTLS? { self.upstreams[speaks] }

    /// A server's side that offers these protocols.
    func server(speaking protocols: [TLSProtocol]) throws -> ServerTLS {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        var settings = ServerTLSSettings(certificates: [try self.leaf.files(in: directory, "server")])
        settings.protocols = protocols
        return try ServerTLS(settings)
    }
}

extension CertificateAuthority.Leaf {
    /// Writes certificate and key into a folder.
    func files(in directory: TemporaryDirectory, _ name: String) throws -> TLSKeyFiles {
        let paths = try self.write(to: directory, name)
        return TLSKeyFiles(certificate: paths.certificate, privateKey: paths.privateKey)
    }
}

/// Collects what event loops report.
final class Reports<Value: Sendable>: Sendable {
    private let collected = Mutex<[Value]>([])

    var all: [Value] { self.collected.withLock(\.self) }

    func add(_ value: Value) {
        self.collected.withLock { $0.append(value) }
    }
}
