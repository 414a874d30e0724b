import Logging
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP

/// Everything in this process that speaks TLS with certificates of the configuration.
struct TLSParts: Sendable {
    /// By the index of the listener; `nil` where it speaks plain HTTP.
    let listeners: [ServerTLS?]
    /// By name.
    let upstreams: [String: ClientTLS]
    /// All of them, under the name they have in metrics and messages.
    let all: [(name: String, part: any TLSReloadable)]

    /// Loads all certificates; blocks.
    ///
    /// - Parameters:
    ///   - configuration: What they are for.
    ///   - logger: Is warned of upstreams that could be anybody.
    /// - Throws: The first file that is not usable.
    init(_ configuration: Configuration, logger: Logger) throws(TLSFileFault) {
        var all: [(name: String, part: any TLSReloadable)] = []
        var listeners: [ServerTLS?] = []
        for listener in configuration.listeners {
            var tls: ServerTLS?
            if let settings = listener.tls {
                let part = try ServerTLS(settings.settings)
                all.append(("\(listener.address)", part))
                tls = part
            }
            listeners.append(tls)
        }
        var upstreams: [String: ClientTLS] = [:]
        for (name, upstream) in configuration.upstreams.sorted(by: { $0.key < $1.key }) {
            guard let settings = upstream.tls else { continue }
            let part = try ClientTLS(upstream.clientSettings(settings))
            all.append((name, part))
            upstreams[name] = part
            guard !settings.isVerified else { continue }
            logger.warning(
                "THE UPSTREAM'S CERTIFICATE IS NOT VERIFIED: anybody on the way can read and change what is sent",
                metadata: ["upstream": "\(name)", "setting": "upstreams.\(name).tls.verify"]
            )
        }
        self.listeners = listeners
        self.upstreams = upstreams
        self.all = all
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
    fileprivate var settings: ServerTLSSettings {
        var settings = ServerTLSSettings(certificates: self.certificates.map(\.keyFiles))
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
