internal import NIOCore
internal import NIOSSL

/// How a listener speaks TLS.
package struct ServerTLSSettings: Hashable, Sendable {
    /// Whether clients prove who they are with a certificate.
    package enum ClientAuthentication: Hashable, Sendable {
        case none
        /// A client may come without; one it presents must be good.
        case optional(authorities: String)
        case required(authorities: String)
    }

    /// At least one; the first serves clients that name no server, or an unknown one.
    package var certificates: [TLSKeyFiles]
    package var clientAuthentication: ClientAuthentication = .none
    package var minimumVersion: TLSMinimumVersion = .tls12
    /// What is offered by ALPN, the best first.
    package var protocols: [TLSProtocol] = [.http2, .http1]

    package init(certificates: [TLSKeyFiles]) {
        self.certificates = certificates
    }

    /// Everything that is read.
    var files: [String] {
        let pairs = self.certificates.flatMap { [$0.certificate, $0.privateKey] }
        switch self.clientAuthentication {
        case .none: return pairs
        case .optional(let authorities), .required(let authorities): return pairs + [authorities]
        }
    }
}

/// What may be spoken inside TLS, as ALPN names it (RFC 7301).
package enum TLSProtocol: String, Hashable, Sendable {
    case http1 = "http/1.1"
    case http2 = "h2"
}

/// A certificate a listener or upstream uses, for metrics.
package struct TLSCertificateInfo: Hashable, Sendable {
    /// Of its file.
    package var path: String
    /// Seconds since the Unix epoch.
    package var notAfter: Int
}

/// The TLS side of a listener: its certificates, loaded again when their files change.
///
/// A connection keeps what it began with.
package final class ServerTLS: TLSReloadable {
    private let context: FileBacked<ServerTLSContext>

    /// Loads all files; blocks.
    ///
    /// - Parameter settings: Of the listener.
    /// - Throws: The first file that is not usable.
    package init(_ settings: ServerTLSSettings) throws(TLSFileFault) {
        self.context = try FileBacked(files: settings.files) { () throws(TLSFileFault) -> ServerTLSContext in
            try ServerTLSContext(settings)
        }
    }

    package var certificates: [TLSCertificateInfo] { self.context.value.certificates }

    package func poll() -> FileReload { self.context.poll() }

    package func reload() -> FileReload { self.context.reload() }

    /// The handler that decrypts a new connection.
    func makeHandler() -> NIOSSLServerHandler {
        self.context.value.makeHandler()
    }
}

/// The certificates of a listener as of one loading.
struct ServerTLSContext: Sendable {
    /// Forward secrecy and authenticated encryption only; TLS 1.3 has its own, all sound (RFC 9325 §4.2).
    private static let cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"

    let certificates: [TLSCertificateInfo]
    private let context: NIOSSLContext

    init(_ settings: ServerTLSSettings) throws(TLSFileFault) {
        var identities: [TLSIdentity] = []
        for files in settings.certificates { identities.append(try TLSIdentity(files)) }
        guard let first = identities.first else { preconditionFailure("a listener with TLS has a certificate") }
        self.certificates = identities.map { TLSCertificateInfo(path: $0.files.certificate, notAfter: $0.notAfter) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.chain.map { .certificate($0) },
            privateKey: .privateKey(first.privateKey)
        )
        configuration.minimumTLSVersion = settings.minimumVersion.version
        configuration.cipherSuites = ServerTLSContext.cipherSuites
        configuration.applicationProtocols = settings.protocols.map(\.rawValue)
        // Nobody waits for the other side's farewell: it may never come (RFC 8446 §6.1).
        configuration.shutdownTimeout = .zero
        try ServerTLSContext.authenticate(settings.clientAuthentication, &configuration)
        if identities.count > 1 { configuration.sslContextCallback = ServerTLSContext.chooser(identities) }
        do {
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFileFault(first.files.certificate, "cannot be served: \(error)")
        }
    }

    func makeHandler() -> NIOSSLServerHandler {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = TLSBuffers.preservedBytesMax
        return NIOSSLServerHandler(context: self.context, configuration: configuration)
    }

    private static func authenticate(
        _ clients: ServerTLSSettings.ClientAuthentication,
        _ configuration: inout TLSConfiguration
    ) throws(TLSFileFault) {
        switch clients {
        case .none: return
        case .optional(let authorities):
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates(try TLSIdentity.certificates(in: authorities))
        case .required(let authorities):
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try TLSIdentity.certificates(in: authorities))
        }
        configuration.sendCANameList = true
    }

    /// Chooses a certificate once the client has named a server.
    private static func chooser(_ identities: [TLSIdentity]) -> NIOSSLContextCallback {
        let names = ServerNames(identities.map(\.names))
        let overrides = identities.map { identity in
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = identity.chain.map { .certificate($0) }
            override.privateKey = .privateKey(identity.privateKey)
            return override
        }
        return { hello, promise in
            let index = names.index(for: hello.serverHostname)
            promise.succeed(index == 0 ? .noChanges : overrides[index])
        }
    }
}
