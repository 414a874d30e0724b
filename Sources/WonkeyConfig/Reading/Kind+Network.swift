internal import WonkeyCore

extension Kind where Value == Endpoint {
    fileprivate static var placeholder: Endpoint { .tcp(host: "127.0.0.1", port: 0) }

    /// Where to listen: an IP address and a port, or a Unix socket.
    static var listenAddress: Kind {
        let form = Pattern(
            "^(unix:.+|.*:[0-9]+)$",
            "an IP address and a port, as 127.0.0.1:8080 or [::1]:8080, or unix:/path"
        )
        return .text(form, placeholder: Self.placeholder) { (text) throws(Invalid) in
            if text.hasPrefix("unix:") { return try Self.unix(text) }
            if text.hasPrefix(":") && !text.hasPrefix("::") || text.hasPrefix("*:") {
                throw Invalid(
                    "must name an address",
                    advice: "for every interface write 0.0.0.0 or [::] before the port"
                )
            }
            let place: HostPort
            do throws(Invalid) {
                place = try HostPort(text)
            } catch {
                throw Invalid(error.message)
            }
            guard IPAddress(place.host) != nil else {
                throw Invalid(
                    "must be an IP address, as names can have several",
                    advice: "for localhost write 127.0.0.1 or [::1]"
                )
            }
            guard let port = place.port else { throw Invalid("must end in ':' and a port") }
            return .tcp(host: place.host, port: port)
        }
    }

    static func unix(_ text: String) throws(Invalid) -> Endpoint {
        var path = text.dropFirst("unix:".utf8.count)
        if path.hasPrefix("///") { path = path.dropFirst(2) }
        return .unix(path: try Self.checkedSocketPath(String(path)))
    }

    fileprivate static func checkedSocketPath(_ path: String) throws(Invalid) -> String {
        guard !path.isEmpty, !path.hasPrefix("//"), !path.unicodeScalars.contains("\0") else {
            throw Invalid(hidden: "must name a socket's path, as unix:/run/app.sock")
        }
        // sockaddr_un holds 108 bytes with the final NUL on Linux, and 104 on other systems.
        guard path.utf8.count <= 103 else { throw Invalid(hidden: "a socket's path must be at most 103 bytes long") }
        return path
    }
}

/// An upstream's `url`.
struct UpstreamURL: Equatable {
    var endpoint: Endpoint
    var usesTLS: Bool
}

extension Kind where Value == UpstreamURL {
    /// An upstream: `http://host:port`, `https://host:port` or `unix:/path`.
    static var upstreamURL: Kind {
        let form = Pattern("^(http|https)://.+$|^unix:.+$", "http://host:port, https://host:port or unix:/path")
        return .scalar(
            schema: JSON.object([("type", "string"), ("pattern", "^(https?://|unix:).+$")]).orSubstitution,
            placeholder: UpstreamURL(endpoint: Kind<Endpoint>.placeholder, usesTLS: false),
            isSecret: true,
            // A misplaced password would show in a message; a URL that is read holds none.
            isHidden: false,
            json: { _ in nil },
            parse: { (scalar, reading) throws(Invalid) in
                guard form.matches(scalar.text, in: reading) else { throw Invalid("must be \(form.meaning)") }
                if scalar.text.hasPrefix("unix:") {
                    return UpstreamURL(endpoint: try Kind<Endpoint>.unix(scalar.text), usesTLS: false)
                }
                let url = try URLText(scalar.text)
                guard !url.host.isEmpty else { throw Invalid("must name a host") }
                guard url.user == nil, url.password == nil else {
                    throw Invalid("must hold no user or password; put an Authorization field into 'headers' instead")
                }
                guard url.path.isEmpty || url.path == "/", url.query == nil else {
                    throw Invalid("must end with the host and port: requests keep their own path and query")
                }
                guard url.port != 0 else { throw Invalid("the port must be 1 to 65535") }
                let usesTLS = url.scheme == "https"
                let endpoint = Endpoint.tcp(host: url.host, port: url.port ?? (usesTLS ? 443 : 80))
                return UpstreamURL(endpoint: endpoint, usesTLS: usesTLS)
            }
        )
    }
}

extension Kind where Value == Configuration.StoreLocation {
    /// `sqlite:path` or `postgres://…`.
    static var storeURL: Kind {
        .scalar(
            schema: JSON.object([("type", "string"), ("pattern", "^(sqlite:.+|postgres(ql)?://.+)$")]).orSubstitution,
            placeholder: .sqlite(path: ""),
            isSecret: true,
            json: { _ in nil },
            parse: { (scalar, _) throws(Invalid) in try Self.location(scalar.text) }
        )
    }

    /// Tells stores apart by their URL's scheme.
    static func location(_ text: String) throws(Invalid) -> Configuration.StoreLocation {
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            // libpq reads the rest, which has more forms than other URLs: several hosts, a socket's folder, TLS.
            return .postgres(Configuration.Postgres(url: Secret(text)))
        }
        guard text.hasPrefix("sqlite:") else {
            throw Invalid(
                "must be sqlite: and a file, as sqlite:data/wonkey.db, or postgres://user:password@host/database"
            )
        }
        var path = text.dropFirst("sqlite:".utf8.count)
        if path.hasPrefix("///") { path = path.dropFirst(2) }
        guard !path.isEmpty, !path.hasPrefix("//"), !path.hasPrefix(":"), !path.hasSuffix("/"),
            !path.unicodeScalars.contains("\0")
        else { throw Invalid("must name a database file, as sqlite:data/wonkey.db or sqlite:/var/lib/wonkey.db") }
        return .sqlite(path: String(path))
    }
}

extension Kind where Value == Configuration.Counters.Location {
    /// `redis://`, `rediss://`, `redis+unix://` or `memory:`.
    static var countersURL: Kind {
        .scalar(
            schema: JSON.object([("type", "string"), ("pattern", "^(memory:|(redis|rediss|redis\\+unix)://.+)$")])
                .orSubstitution,
            placeholder: .memory,
            isSecret: true,
            json: { location in
                switch location {
                case .memory: "memory:"
                case .redis: nil
                }
            },
            parse: { (scalar, _) throws(Invalid) in
                scalar.text == "memory:" ? .memory : .redis(try Self.redis(scalar.text))
            }
        )
    }

    private static func redis(_ text: String) throws(Invalid) -> Configuration.Redis {
        guard text.hasPrefix("redis://") || text.hasPrefix("rediss://") || text.hasPrefix("redis+unix://") else {
            throw Invalid("must be redis://host:port/database, rediss:// for TLS, redis+unix:///path, or memory:")
        }
        let url = try URLText(text)
        var redis: Configuration.Redis
        let database: String
        if url.scheme == "redis+unix" {
            guard url.host.isEmpty, url.port == nil else {
                throw Invalid("must have three slashes before the socket's path, as redis+unix:///run/redis.sock")
            }
            redis = .init(endpoint: .unix(path: try Kind<Endpoint>.checkedSocketPath(url.path)))
            database = try Self.databaseInQuery(url.query)
        } else {
            guard !url.host.isEmpty else { throw Invalid("must name a host, as redis://127.0.0.1:6379/0") }
            guard url.port != 0 else { throw Invalid("the port must be 1 to 65535") }
            guard url.query == nil else { throw Invalid("takes nothing behind '?'") }
            redis = .init(endpoint: .tcp(host: url.host, port: url.port ?? 6379))
            redis.usesTLS = url.scheme == "rediss"
            database = String(url.path.dropFirst())
        }
        guard url.user == nil || url.password != nil else {
            throw Invalid("a user needs a password; for a password alone write redis://:password@host")
        }
        redis.user = url.user
        redis.password = url.password.map { Secret($0) }
        guard database.isEmpty || (database.allSatisfy { $0.isASCII && $0.isNumber }) else {
            throw Invalid("the database must be a number, as redis://127.0.0.1:6379/0")
        }
        guard let number = Int(database.isEmpty ? "0" : database), number <= 65_535 else {
            throw Invalid("the database must be 0 to 65535")
        }
        redis.database = number
        return redis
    }

    private static func databaseInQuery(_ query: String?) throws(Invalid) -> String {
        guard let query else { return "" }
        guard query.hasPrefix("db=") else { throw Invalid("takes nothing behind '?' but db=NUMBER") }
        return String(query.dropFirst(3))
    }
}

extension Kind where Value == String {
    /// A `Host` field: a name or an address, and perhaps a port.
    static var hostField: Kind {
        .text(
            Pattern(#"^[A-Za-z0-9_.:\[\]-]+$"#, "a host, as api.example.com or api.example.com:8443"),
            placeholder: ""
        ) {
            (text) throws(Invalid) in
            let place: HostPort
            do throws(Invalid) {
                place = try HostPort(text)
            } catch {
                throw Invalid(error.message)
            }
            guard !place.host.isEmpty else { throw Invalid("must name a host") }
            return text
        }
    }

    /// `http://` or `https://` with a host and perhaps a path; a slash at the end is dropped.
    static var serviceURL: Kind {
        .scalar(
            schema: JSON.object([("type", "string"), ("pattern", "^https?://.+$")]).orSubstitution,
            placeholder: "",
            isSecret: true,
            json: { .string($0) },
            parse: { (scalar, _) throws(Invalid) in
                let url = try URLText(scalar.text)
                guard url.scheme == "https" || url.scheme == "http" else {
                    throw Invalid("must begin with https:// or http://")
                }
                guard !url.host.isEmpty, url.port != 0 else { throw Invalid("must name a host") }
                guard url.user == nil, url.password == nil else { throw Invalid("must hold no user or password") }
                guard url.query == nil else { throw Invalid("must not have a query ('?')") }
                return scalar.text.hasSuffix("/") ? String(scalar.text.dropLast()) : scalar.text
            }
        )
    }
}

extension Kind where Value == AddressRange {
    /// CIDR notation, or a single address.
    static var addressRange: Kind {
        .text(
            Pattern("^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$", "an address range such as 10.0.0.0/8 or 2001:db8::/32"),
            placeholder: AddressRange.none
        ) { (text) throws(Invalid) in
            if let range = AddressRange(text) { return range }
            let base = text.prefix { $0 != "/" }
            guard let address = IPAddress(base) else {
                throw Invalid("must begin with an IPv4 or IPv6 address in its usual form")
            }
            let length = text[base.endIndex...].dropFirst()
            let bits = address.bytes.count * 8
            guard let length = Int(length), length <= bits else {
                throw Invalid("the number behind '/' must be 0 to \(bits)")
            }
            throw Invalid(
                "must have no bits set behind the first \(length)",
                advice: "write the range's lowest address"
            )
        }
    }
}

extension AddressRange {
    /// No address anybody connects from: the unspecified one.
    fileprivate static var none: AddressRange {
        guard let range = AddressRange("0.0.0.0") else { preconditionFailure("0.0.0.0 is an address") }
        return range
    }
}
