package import WonkeyCore

/// Where a stream socket listens or connects to.
package enum Endpoint: Hashable, Sendable {
    /// A host name or an IP address (IPv6 without brackets) and a port, 1–65535; a listener's port may be 0.
    case tcp(host: String, port: Int)
    /// A Unix socket's path.
    case unix(path: String)
}

extension Endpoint: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension Configuration {
    /// A socket that accepts clients (`listeners[]`).
    package struct Listener: Hashable, Sendable {
        /// An IP address with its port (`0.0.0.0:8080`, `[::1]:8080`), or `unix:/path`.
        package var address: Endpoint

        package init(address: Endpoint) {
            self.address = address
        }
    }

    /// The private listener (`operations`).
    package struct Operations: Hashable, Sendable {
        package var address: Endpoint

        package init(address: Endpoint) {
            self.address = address
        }
    }

    /// Where keys, usage and logs are kept (`store.url`).
    package enum StoreLocation: Hashable, Sendable {
        /// The database file's path (`sqlite:data/wonkey.db`).
        case sqlite(path: String)
        /// A connection URL with credentials; recognised, but refused by this version.
        case postgres(url: Secret)
    }
}

extension Configuration.Listener {
    static func read(_ section: inout Section) -> Self {
        Self(address: section.required("address", .listenAddress, "IP address and port, or unix:/path, to listen on."))
    }
}

extension Configuration.Operations {
    static func read(_ section: inout Section) -> Self {
        Self(
            address: section.required(
                "address",
                .listenAddress,
                "IP address and port, or unix:/path, for health, readiness and metrics; never public."
            )
        )
    }
}

extension Configuration.StoreLocation {
    static func read(_ section: inout Section) -> Self {
        section.required("url", .storeURL, "Where keys, usage and logs are kept: sqlite: and a file.")
    }
}
