internal import WonkeyCore

extension Configuration {
    /// A certificate with its chain, and its private key: files in PEM.
    package struct CertificateFiles: Hashable, Sendable {
        package var certificate: String
        package var privateKey: String

        package init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// The oldest version of TLS that is spoken.
    package enum TLSVersion: String, Hashable, Sendable, CaseIterable {
        case tls12 = "tls1.2"
        case tls13 = "tls1.3"
    }
}

extension Configuration.Listener {
    /// How a listener speaks TLS (`listeners[].tls`).
    package struct TLS: Hashable, Sendable {
        package enum ClientAuthentication: String, Hashable, Sendable, CaseIterable {
            /// A client without a certificate is turned away.
            case required
            /// A client may come without; one it presents must be good.
            case optional
        }

        /// At least one; the first serves clients that name no server, or an unknown one.
        package var certificates: [Configuration.CertificateFiles]
        /// Authorities of client certificates, a file in PEM; absent: clients are not asked for one.
        package var clientCA: String?
        package var clientAuthentication: ClientAuthentication = .required
        package var minimumVersion: Configuration.TLSVersion = .tls12

        package init(certificates: [Configuration.CertificateFiles]) {
            self.certificates = certificates
        }
    }
}

extension Configuration.Upstream {
    /// How an upstream is spoken to over TLS (`upstreams.*.tls`, or just `https://`).
    package struct TLS: Hashable, Sendable {
        /// Whether its certificate must be good and for it.
        package var isVerified = true
        /// The authorities that are trusted, a file in PEM; absent: the system's.
        package var ca: String?
        /// What this proxy identifies itself with.
        package var certificate: Configuration.CertificateFiles?
        /// The name asked for (SNI) and looked for in the certificate; absent: the URL's host.
        package var serverName: String?
        package var minimumVersion: Configuration.TLSVersion = .tls12

        package init() {}
    }
}

// MARK: - Reading

extension Configuration.Listener.TLS {
    static func read(_ section: inout Section) -> Self {
        let certificate = section.certificate("The certificate, followed by its chain: a file in PEM.")
        let certificates = section.optional(
            "certificates",
            .list(of: .section(Configuration.CertificateFiles.read), count: 1...1_000),
            "Several certificates, chosen by the names in them; the first one serves everybody else."
        )
        section.exactlyOne(of: ["certificate", "certificates"])
        var tls = Self(certificates: certificate.map { [$0] } ?? certificates?.map(\.value) ?? [])
        tls.clientCA = section.authorities(
            "client_ca",
            "Authorities of client certificates: a file in PEM. By default clients are not asked for one."
        )
        section.read(
            "client_auth",
            into: &tls.clientAuthentication,
            .choice(.required),
            "Whether clients must have a certificate, or may."
        )
        section.read("min_version", into: &tls.minimumVersion, .choice(.tls12), "The oldest version that is spoken.")
        if section.has("client_auth"), !section.has("client_ca") {
            section.fault("needs 'client_ca', the authorities of client certificates", at: "client_auth")
        }
        return tls
    }
}

extension Configuration.Upstream.TLS {
    private static let hostName = Pattern("^[A-Za-z0-9_.-]{1,253}$", "a host name, as api.example.com")

    static func read(_ section: inout Section) -> Self {
        var tls = Self()
        section.read(
            "verify",
            into: &tls.isVerified,
            .boolean,
            "Whether the server's certificate must be good and for it; false lets anybody read along."
        )
        tls.ca = section.authorities("ca", "The authorities to trust: a file in PEM. By default the system's.")
        tls.certificate = section.certificate("What this proxy identifies itself with: a file in PEM, with the chain.")
        tls.serverName = section.optional(
            "server_name",
            .text(Self.hostName, placeholder: "", parse: Self.serverName),
            "The name asked for and looked for in the server's certificate; by default the URL's host."
        )
        section.read("min_version", into: &tls.minimumVersion, .choice(.tls12), "The oldest version that is spoken.")
        if !tls.isVerified, section.has("ca") {
            section.fault("authorities are for nothing where 'verify' is false; remove one of them", at: "ca")
        }
        return tls
    }

    private static func serverName(_ text: String) throws(Invalid) -> String {
        let place = try HostPort(text)
        guard place.port == nil, IPAddress(place.host) == nil else {
            throw Invalid("must be a name: an address cannot be asked for", advice: "put it into 'url'")
        }
        return place.host
    }
}

extension Configuration.CertificateFiles {
    static func read(_ section: inout Section) -> Self {
        let certificate = section.required(
            "certificate",
            .file,
            "The certificate, followed by its chain: a file in PEM."
        )
        let privateKey = section.required("private_key", .file, "The certificate's private key: a file in PEM.")
        let files = Self(certificate: certificate, privateKey: privateKey)
        section.inspect(files)
        return files
    }
}

extension Section {
    /// Reads `certificate` and `private_key`, which may be left out together.
    fileprivate mutating func certificate(_ summary: String) -> Configuration.CertificateFiles? {
        let certificate = self.optional("certificate", .file, summary)
        let privateKey = self.optional("private_key", .file, "The certificate's private key: a file in PEM.")
        if self.has("certificate"), !self.has("private_key") {
            self.fault("needs 'private_key', too", at: "certificate")
        } else if self.has("private_key"), !self.has("certificate") {
            self.fault("needs 'certificate', too", at: "private_key")
        }
        guard let certificate, let privateKey else { return nil }
        let files = Configuration.CertificateFiles(certificate: certificate, privateKey: privateKey)
        self.inspect(files)
        return files
    }

    /// Reads a file of authorities.
    fileprivate mutating func authorities(_ key: String, _ summary: String) -> String? {
        guard let path = self.optional(key, .file, summary) else { return nil }
        if let fault = self.reading.inspection?.authorities(path) { self.fault(fault.text, at: key) }
        return path
    }

    /// Reports what is wrong with the two files, where somebody is there to look into them.
    fileprivate func inspect(_ files: Configuration.CertificateFiles) {
        guard !files.certificate.isEmpty, !files.privateKey.isEmpty,
            let fault = self.reading.inspection?.certificate(files)
        else { return }
        self.fault(fault.text, at: fault.path == files.certificate ? "certificate" : "private_key")
    }
}

extension Kind where Value == String {
    /// A file's name.
    fileprivate static var file: Kind { .text(Pattern("^.+$", "a file's name")) }
}
