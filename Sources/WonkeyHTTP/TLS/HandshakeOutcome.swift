internal import NIOCore
internal import NIOSSL

/// How a client's TLS handshake went, as metrics label it.
package enum HandshakeOutcome: String, CaseIterable, Sendable {
    case completed
    case timedOut = "timed_out"
    /// Plain HTTP on a TLS port.
    case plainText = "plain_text"
    /// The client closed the connection meanwhile.
    case clientGone = "client_gone"
    /// No certificate, or not a good one, where one is asked for.
    case clientCertificate = "client_certificate"
    /// No version of TLS in common, or nothing else that both sides can do.
    case unsupported
    /// The client did not like something, often the server's certificate.
    case refusedByClient = "refused_by_client"
    case failed

    /// Tells apart how a handshake failed.
    init(_ error: any Error) {
        let reason = HandshakeFailure.reason(error)
        if error is IOError || reason.contains("EOF during handshake") {
            self = .clientGone
        } else if HandshakeFailure.concernsCertificate(error) {
            self = .clientCertificate
        } else if HandshakeOutcome.mismatches.contains(where: { reason.contains($0) }) {
            self = .unsupported
        } else if reason.contains("_ALERT_") {
            self = .refusedByClient
        } else {
            self = .failed
        }
    }

    private static let mismatches = [
        "UNSUPPORTED_PROTOCOL", "NO_SHARED_CIPHER", "NO_SHARED_GROUP", "NO_COMMON_SIGNATURE_ALGORITHMS",
    ]
}

/// What BoringSSL says about a failed handshake; it says so in words only.
enum HandshakeFailure {
    static func reason(_ error: any Error) -> String { String(describing: error) }

    /// Whether TLS is what failed.
    static func isOne(_ error: any Error) -> Bool {
        error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError
    }

    /// Whether the other side's certificate is missing, not trusted, or for somebody else.
    static func concernsCertificate(_ error: any Error) -> Bool {
        if let error = error as? NIOSSLExtraError {
            return error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch
        }
        let reason = HandshakeFailure.reason(error)
        return reason.contains("CERTIFICATE_VERIFY_FAILED")
            || reason.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE")
            || error as? NIOSSLError == .noCertificateToValidate
    }
}
