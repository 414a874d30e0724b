import Crypto
import CryptoExtras
import Foundation
import NIOCore
package import NIOSSL
import SwiftASN1
import X509

/// A certificate authority made for one test, and the certificates it signs.
package struct CertificateAuthority: Sendable {
    /// What a certificate's key is made with.
    package enum KeyKind: Sendable { case p256, rsa }

    /// A certificate with its key, in PEM.
    package struct Leaf: Sendable {
        package var certificate: String
        package var privateKey: String
        /// In hexadecimal digits, as `openssl x509 -serial` prints it.
        package var serial: String
    }

    /// In PEM.
    package let certificate: String
    private let authority: Certificate
    private let key: Certificate.PrivateKey

    package init(name: String = "WonKey test authority") throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let subject = try DistinguishedName { CommonName(name) }
        self.authority = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: key.publicKey,
            notValidBefore: Date() - 86_400,
            notValidAfter: Date() + 20 * 365 * 86_400,
            issuer: subject,
            subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            },
            issuerPrivateKey: key
        )
        self.key = key
        self.certificate = try self.authority.serializeAsPEM().pemString
    }

    /// Signs a certificate.
    ///
    /// - Parameters:
    ///   - names: DNS names, and IPv4 addresses as text.
    ///   - commonName: Of the subject.
    ///   - kind: Of its key.
    ///   - expired: Whether its time is over.
    /// - Returns: The certificate.
    /// - Throws: What the library says.
    package func issue(
        _ names: [String],
        commonName: String = "WonKey test",
        kind: KeyKind = .p256,
        expired: Bool = false
    ) throws -> Leaf {
        let key: Certificate.PrivateKey =
            switch kind {
            case .p256: .init(P256.Signing.PrivateKey())
            case .rsa: .init(try _RSA.Signing.PrivateKey(keySize: .bits2048))
            }
        let serial = Certificate.SerialNumber()
        let alternatives = names.map { name -> GeneralName in
            let octets = name.split(separator: ".").compactMap { UInt8($0) }
            return octets.count == 4 ? .ipAddress(ASN1OctetString(contentBytes: octets[...])) : .dnsName(name)
        }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: serial,
            publicKey: key.publicKey,
            notValidBefore: Date() - 2 * 86_400,
            notValidAfter: expired ? Date() - 86_400 : Date() + 10 * 365 * 86_400,
            issuer: self.authority.subject,
            subject: try DistinguishedName { CommonName(commonName) },
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(alternatives)
            },
            issuerPrivateKey: self.key
        )
        return Leaf(
            certificate: try certificate.serializeAsPEM().pemString,
            privateKey: try key.serializeAsPEM().pemString,
            serial: serial.bytes.map { String(format: "%02X", $0) }.joined()
        )
    }

    /// Writes the authority's certificate into a folder, for programs that read it from a file.
    package func write(to directory: TemporaryDirectory, _ name: String = "ca.pem") throws -> String {
        let path = directory.file(name)
        try self.certificate.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

extension CertificateAuthority.Leaf {
    /// Writes certificate and key into a folder, as `NAME.pem` and `NAME.key`, each by replacing the file.
    @discardableResult
    package func write(
        to directory: TemporaryDirectory,
        _ name: String
    ) throws -> (certificate: String, privateKey: String) {
        let paths = (certificate: directory.file("\(name).pem"), privateKey: directory.file("\(name).key"))
        try self.certificate.write(toFile: paths.certificate, atomically: true, encoding: .utf8)
        try self.privateKey.write(toFile: paths.privateKey, atomically: true, encoding: .utf8)
        return paths
    }

    /// A context for ``OriginServer``, which may ask for client certificates.
    package func serverContext(
        clients: CertificateAuthority? = nil,
        _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(self.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(self.privateKey.utf8), format: .pem))
        )
        if let clients {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(clients.certificate.utf8))
            )
        }
        configuration.shutdownTimeout = .zero
        change(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }
}

/// How a test client speaks TLS.
package struct ClientSecurity: Sendable {
    let context: NIOSSLContext
    let serverName: String?

    /// Makes one.
    ///
    /// - Parameters:
    ///   - authority: What it trusts; `nil` trusts anybody.
    ///   - serverName: What it asks for; `nil` for the address.
    ///   - identity: What it identifies itself with.
    ///   - change: Changes anything else.
    /// - Throws: What the library says.
    package init(
        trusting authority: CertificateAuthority?,
        serverName: String? = nil,
        identity: CertificateAuthority.Leaf? = nil,
        _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authority {
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(authority.certificate.utf8))
            )
        } else {
            configuration.certificateVerification = .none
        }
        if let identity {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(identity.privateKey.utf8), format: .pem)
            )
        }
        configuration.shutdownTimeout = .zero
        change(&configuration)
        self.context = try NIOSSLContext(configuration: configuration)
        self.serverName = serverName
    }

    /// The handler that encrypts a new connection.
    package func makeHandler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: self.context, serverHostname: self.serverName)
    }
}
