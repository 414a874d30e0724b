internal import NIOCore
internal import NIOSSL

/// How an upstream is spoken to over TLS.
package struct ClientTLSSettings: Hashable, Sendable {
    package enum Verification: Hashable, Sendable {
        /// Its certificate must be good, and for the name or address it is reached by.
        case full
        /// Anybody may answer, and read along.
        case none
    }

    package var verification: Verification = .full
    /// The authorities that are trusted, a file in PEM; `nil` trusts the system's.
    package var authorities: String?
    /// What this side identifies itself with.
    package var certificate: TLSKeyFiles?
    /// A DNS name to ask for and to look for in the certificate; `nil` where the upstream is reached by its address.
    package var serverName: String?
    package var minimumVersion: TLSMinimumVersion = .tls12
    /// What is offered by ALPN, the best first.
    package var protocols: [TLSProtocol] = [.http2, .http1]

    package init(serverName: String?) {
        self.serverName = serverName
    }

    /// Everything that is read.
    var files: [String] {
        (self.certificate.map { [$0.certificate, $0.privateKey] } ?? []) + (self.authorities.map { [$0] } ?? [])
    }
}

/// The TLS side of an upstream, loaded again when its files change; a connection keeps what it began with.
package final class ClientTLS: TLSReloadable {
    private let serverName: String?
    private let verification: ClientTLSSettings.Verification
    private let context: FileBacked<ClientTLSContext>

    /// Loads all files, and the system's authorities unless there are others; blocks.
    ///
    /// - Parameter settings: Of the upstream.
    /// - Throws: The first file that is not usable.
    package init(_ settings: ClientTLSSettings) throws(TLSFileFault) {
        self.serverName = settings.serverName
        self.verification = settings.verification
        self.context = try FileBacked(files: settings.files) { () throws(TLSFileFault) -> ClientTLSContext in
            try ClientTLSContext(settings)
        }
    }

    private init(_ other: ClientTLS, serverName: String?) {
        self.serverName = serverName
        self.verification = other.verification
        self.context = other.context
    }

    /// The same side, asking for another server; what is loaded again is so for both.
    ///
    /// - Parameter serverName: See ``ClientTLSSettings/serverName``.
    /// - Returns: A new side with the same certificates and authorities.
    package func asking(for serverName: String?) -> ClientTLS {
        ClientTLS(self, serverName: serverName)
    }

    package var certificates: [TLSCertificateInfo] { self.context.value.certificates }

    package func poll() -> FileReload { self.context.poll() }

    package func reload() -> FileReload { self.context.reload() }

    /// Whether a certificate the TLS library was content with is for the name that was asked for.
    ///
    /// The library also takes one for the address that answered. But whoever sends us to an address of theirs may have a
    /// certificate for that (RFC 9525 §6.1: only the name asked for counts).
    func accepts(_ certificate: NIOSSLCertificate?) -> Bool {
        guard self.verification == .full, let serverName = self.serverName else { return true }
        guard let certificate else { return false }
        guard let names = TLSIdentity.alternativeNames(of: certificate) else { return true }
        return ServerNames([names]).cover(serverName)
    }

    /// The handler that encrypts a new connection.
    func makeHandler() throws -> NIOSSLClientHandler {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = TLSBuffers.preservedBytesMax
        return try NIOSSLClientHandler(
            context: self.context.value.context,
            serverHostname: self.serverName,
            configuration: configuration
        )
    }
}

extension ClientTLS: Hashable {
    package static func == (left: ClientTLS, right: ClientTLS) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// What an upstream is spoken to with, as of one loading.
struct ClientTLSContext: Sendable {
    let certificates: [TLSCertificateInfo]
    let context: NIOSSLContext

    init(_ settings: ClientTLSSettings) throws(TLSFileFault) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = settings.minimumVersion.version
        configuration.applicationProtocols = settings.protocols.map(\.rawValue)
        // Nobody waits for the other side's farewell: it may never come (RFC 8446 §6.1).
        configuration.shutdownTimeout = .zero
        switch settings.verification {
        case .full: configuration.certificateVerification = .fullVerification
        case .none: configuration.certificateVerification = .none
        }
        if let authorities = settings.authorities {
            configuration.trustRoots = .certificates(try TLSIdentity.certificates(in: authorities))
        }
        var certificates: [TLSCertificateInfo] = []
        if let files = settings.certificate {
            let identity = try TLSIdentity(files)
            configuration.certificateChain = identity.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(identity.privateKey)
            certificates = [TLSCertificateInfo(path: files.certificate, notAfter: identity.notAfter)]
        }
        self.certificates = certificates
        do {
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFileFault(settings.authorities ?? "", "cannot be trusted: \(error)")
        }
    }
}
