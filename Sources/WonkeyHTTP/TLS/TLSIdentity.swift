internal import NIOSSL

/// A certificate with its chain and private key, loaded and known to belong together.
package struct TLSIdentity: Sendable {
    let files: TLSKeyFiles
    let chain: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey
    /// The DNS names it is for, in lower case, wildcards as `*.example.com`.
    let names: [String]
    /// Seconds since the Unix epoch.
    let notAfter: Int

    /// Reads and checks both files; blocks.
    init(_ files: TLSKeyFiles) throws(TLSFileFault) {
        self.files = files
        self.chain = try TLSIdentity.certificates(in: files.certificate)
        self.privateKey = try TLSIdentity.privateKey(in: files.privateKey)
        guard let leaf = self.chain.first else {
            throw TLSFileFault(files.certificate, "holds no certificate in PEM")
        }
        self.names = TLSIdentity.names(of: leaf)
        self.notAfter = leaf.notValidAfter
        try self.checkPair()
    }

    /// What is wrong with two files, if anything; blocks.
    package static func fault(of files: TLSKeyFiles) -> TLSFileFault? {
        do throws(TLSFileFault) {
            _ = try TLSIdentity(files)
            return nil
        } catch {
            return error
        }
    }

    /// What is wrong with a file of authorities, if anything; blocks.
    package static func fault(ofAuthorities path: String) -> TLSFileFault? {
        do throws(TLSFileFault) {
            _ = try TLSIdentity.certificates(in: path)
            return nil
        } catch {
            return error
        }
    }

    /// The certificates of a PEM file; at least one.
    static func certificates(in path: String) throws(TLSFileFault) -> [NIOSSLCertificate] {
        let bytes = try TLSFile.read(path)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw TLSFileFault(path, "holds no certificate in PEM, or a broken one")
        }
        return certificates
    }

    private static func privateKey(in path: String) throws(TLSFileFault) -> NIOSSLPrivateKey {
        let bytes = try TLSFile.read(path)
        let text = String(decoding: bytes, as: UTF8.self)
        guard !text.contains("ENCRYPTED") else {
            throw TLSFileFault(path, "holds an encrypted private key; decrypt it, as nobody is asked for its password")
        }
        guard text.contains("PRIVATE KEY-----") else { throw TLSFileFault(path, "holds no private key in PEM") }
        // Without a callback of ours BoringSSL would ask on the terminal.
        let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) { setter in setter(Array<UInt8>()) }
        guard let key else { throw TLSFileFault(path, "holds a broken private key") }
        return key
    }

    private func checkPair() throws(TLSFileFault) {
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: self.chain.map { .certificate($0) },
            privateKey: .privateKey(self.privateKey)
        )
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFileFault(
                self.files.privateKey,
                "is not the private key of the certificate in \(self.files.certificate)"
            )
        }
    }

    /// The alternative names of a certificate that are DNS names, in lower case; `nil` if it has none of any kind.
    static func alternativeNames(of certificate: NIOSSLCertificate) -> [String]? {
        let names = certificate._subjectAlternativeNames()
        guard !names.isEmpty else { return nil }
        return names.filter { $0.nameType == .dnsName }
            .map { String(decoding: Array($0.contents), as: UTF8.self).lowercased() }
    }

    /// The alternative names that are DNS names, or else the common name (RFC 6125 §6.4.4).
    private static func names(of certificate: NIOSSLCertificate) -> [String] {
        if let alternatives = TLSIdentity.alternativeNames(of: certificate), !alternatives.isEmpty {
            return alternatives
        }
        return certificate.subjectName.filter { $0.type == .commonName }.map { $0.value.lowercased() }
    }
}
