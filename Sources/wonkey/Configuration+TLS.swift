import Logging
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP

/// The TLS side of the public listeners.
struct ListenerTLS: Sendable {
    /// By the index of the listener; `nil` where it speaks plain HTTP.
    let parts: [ServerTLS?]
    /// Those that speak TLS, under the name they have in metrics and messages.
    let named: [(name: String, part: any TLSReloadable)]

    /// Loads all certificates; blocks.
    ///
    /// - Parameter listeners: Of the configuration.
    /// - Throws: The first file that is not usable.
    init(_ listeners: [Configuration.Listener]) throws(TLSFileFault) {
        var parts: [ServerTLS?] = []
        var named: [(name: String, part: any TLSReloadable)] = []
        for listener in listeners {
            let settings = listener.tls?.settings(http2: listener.http2)
            let part: ServerTLS? = if let settings { try ServerTLS(settings) } else { nil }
            parts.append(part)
            if let part { named.append(("\(listener.address)", part)) }
        }
        self.parts = parts
        self.named = named
    }
}

extension Configuration.Upstream {
    /// Loads its certificates; blocks.
    ///
    /// - Parameter logger: Is warned of an upstream that could be anybody.
    /// - Returns: `nil` where it speaks plain HTTP.
    /// - Throws: The first file that is not usable.
    func makeTLS(logger: Logger) throws(TLSFileFault) -> ClientTLS? {
        guard let settings = self.tls else { return nil }
        let tls = try ClientTLS(self.clientSettings(settings))
        if !settings.isVerified {
            logger.warning(
                "THE UPSTREAM'S CERTIFICATE IS NOT VERIFIED: anybody on the way can read and change what is sent",
                metadata: ["upstream": "\(self.name)", "setting": "upstreams.\(self.name).tls.verify"]
            )
        }
        return tls
    }
}

extension TLSInspection {
    /// Loads the files as a running proxy would.
    static let loading = TLSInspection(
        certificate: { files in TLSIdentity.fault(of: files.keyFiles).map { Fault($0) } },
        authorities: { path in TLSIdentity.fault(ofAuthorities: path).map { Fault($0) } }
    )
}

extension TLSInspection.Fault {
    fileprivate init(_ fault: TLSFileFault) {
        self.init(path: fault.path, message: fault.message)
    }
}

extension Configuration.CertificateFiles {
    fileprivate var keyFiles: TLSKeyFiles {
        TLSKeyFiles(certificate: self.certificate, privateKey: self.privateKey)
    }
}

extension Configuration.TLSVersion {
    fileprivate var minimum: TLSMinimumVersion {
        switch self {
        case .tls12: .tls12
        case .tls13: .tls13
        }
    }
}

extension Configuration.Listener.TLS {
    fileprivate func settings(http2: Bool) -> ServerTLSSettings {
        var settings = ServerTLSSettings(certificates: self.certificates.map(\.keyFiles))
        settings.protocols = http2 ? [.http2, .http1] : [.http1]
        settings.minimumVersion = self.minimumVersion.minimum
        switch (self.clientCA, self.clientAuthentication) {
        case (nil, _): settings.clientAuthentication = .none
        case (let authorities?, .required): settings.clientAuthentication = .required(authorities: authorities)
        case (let authorities?, .optional): settings.clientAuthentication = .optional(authorities: authorities)
        }
        return settings
    }
}

extension Configuration.Upstream {
    fileprivate func clientSettings(_ tls: TLS) -> ClientTLSSettings {
        var settings = ClientTLSSettings(serverName: tls.serverName ?? self.targets[0].hostName)
        settings.verification = tls.isVerified ? .full : .none
        settings.authorities = tls.ca
        settings.certificate = tls.certificate?.keyFiles
        settings.minimumVersion = tls.minimumVersion.minimum
        settings.protocols = self.version.upstreamProtocol.offers
        return settings
    }
}

extension Configuration.Upstream.Target {
    /// The host of the URL where that is a name: addresses cannot be asked for (RFC 6066 §3).
    var hostName: String? {
        switch self.endpoint {
        case .tcp(let host, _): IPAddress(host) == nil ? host : nil
        case .unix: nil
        }
    }
}
