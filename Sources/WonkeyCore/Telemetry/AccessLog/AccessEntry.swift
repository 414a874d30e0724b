/// What a client's certificate says of it, once it was verified.
package struct ClientCertificate: Hashable, Sendable {
    /// The subject's distinguished name as RFC 4514 writes it.
    package var subject: String
    /// Subject alternative names: `DNS:api.example.com`, `URI:spiffe://…`, `IP:192.0.2.7`, `EMAIL:…`.
    package var names: [String]
    /// SHA-256 of the certificate, 64 hexadecimal digits in lower case.
    package var fingerprint: String

    package init(subject: String, names: [String], fingerprint: String) {
        self.subject = subject
        self.names = names
        self.fingerprint = fingerprint
    }
}

/// One request as the access log writes it: its record, and what only the access log tells.
package struct AccessEntry: Equatable, Sendable {
    package var record: RequestRecord
    /// As sent; redacted when it is written.
    package var query: String?
    /// As sent; redacted when it is written.
    package var referer: String?
    package var host: String
    /// `http` or `https`.
    package var scheme: String
    /// `1.0`, `1.1` or `2`.
    package var version: String
    package var upstream: String?
    /// Which of the upstream's targets answered, or was tried last.
    package var target: String?
    package var trace: TraceID?
    package var certificate: ClientCertificate?
    /// Why it never became a request; its record then tells only when, from where, and the status (0: no answer).
    package var malformation: String?

    package init(
        record: RequestRecord,
        query: String? = nil,
        referer: String? = nil,
        host: String = "",
        scheme: String = "http",
        version: String = "1.1",
        upstream: String? = nil,
        target: String? = nil,
        trace: TraceID? = nil,
        certificate: ClientCertificate? = nil,
        malformation: String? = nil
    ) {
        self.record = record
        self.query = query
        self.referer = referer
        self.host = host
        self.scheme = scheme
        self.version = version
        self.upstream = upstream
        self.target = target
        self.trace = trace
        self.certificate = certificate
        self.malformation = malformation
    }
}
