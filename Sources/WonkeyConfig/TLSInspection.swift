/// Looks into the files that TLS settings name.
///
/// Given by a program that is to use them: this module knows nothing of certificates, and other programs that read the
/// configuration may not be allowed to read private keys.
package struct TLSInspection: Sendable {
    /// What is wrong with a file.
    package struct Fault: Equatable, Sendable {
        package var path: String
        /// Continues a sentence that begins with the file's name.
        package var message: String

        package init(path: String, message: String) {
            self.path = path
            self.message = message
        }

        var text: String { "\(quoted(self.path)) \(self.message)" }
    }

    /// Whether a certificate and its private key can be used together.
    let certificate: @Sendable (Configuration.CertificateFiles) -> Fault?
    /// Whether a file holds certificates of authorities.
    let authorities: @Sendable (_ path: String) -> Fault?

    package init(
        certificate: @escaping @Sendable (Configuration.CertificateFiles) -> Fault?,
        authorities: @escaping @Sendable (_ path: String) -> Fault?
    ) {
        self.certificate = certificate
        self.authorities = authorities
    }
}
