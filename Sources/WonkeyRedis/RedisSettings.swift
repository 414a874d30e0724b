/// Where Redis is and how to talk to it; prints without the password.
package struct RedisSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package enum Address: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var address: Address
    /// With a password only; `nil` means Redis' default user.
    package var username: String?
    package var password: String?
    package var database: Int
    package var usesTLS: Bool
    /// PEM file of the authorities to trust instead of the system's.
    package var certificateAuthorityFile: String?
    /// How long a call may take, from asking to the answer.
    package var timeout: Duration = .milliseconds(50)
    /// How long a new connection may take until it is ready; calls do not wait for that.
    package var connectTimeout: Duration = .seconds(2)
    /// How many calls may wait for an answer per event loop; more are refused at once.
    package var callsMax = 10_000

    package init(
        address: Address,
        username: String? = nil,
        password: String? = nil,
        database: Int = 0,
        usesTLS: Bool = false
    ) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
        self.usesTLS = usesTLS
    }

    /// Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` or `unix:/path[?db=N]`.
    ///
    /// User and password are percent-decoded. `unix://[user:password@]/path` carries a password.
    ///
    /// - Parameter url: Never repeated in an error, since it may hold a password.
    /// - Throws: ``RedisSettingsError``.
    package init(url: String) throws(RedisSettingsError) {
        guard let colon = url.firstIndex(of: ":") else { throw RedisSettingsError(message: "no scheme") }
        let scheme = url[..<colon].lowercased()
        let rest = url[url.index(after: colon)...]
        switch scheme {
        case "redis", "rediss":
            guard rest.hasPrefix("//") else { throw RedisSettingsError(message: "expected \(scheme)://host") }
            try self.init(network: rest.dropFirst(2), usesTLS: scheme == "rediss")
        case "unix":
            try self.init(socket: rest)
        default:
            throw RedisSettingsError(message: "scheme is none of redis, rediss, unix")
        }
    }

    private init(network: Substring, usesTLS: Bool) throws(RedisSettingsError) {
        let (credentials, location) = try Self.splitCredentials(network)
        let slash = location.firstIndex(of: "/") ?? location.endIndex
        let path = location[slash...].dropFirst()
        let (host, port) = try Self.splitPort(location[..<slash])
        self.address = .tcp(host: host, port: port)
        self.usesTLS = usesTLS
        self.database = path.isEmpty ? 0 : try Self.database(path)
        (self.username, self.password) = credentials
    }

    private init(socket: Substring) throws(RedisSettingsError) {
        var credentials: Credentials = (nil, nil)
        var location = socket
        if socket.hasPrefix("//") { (credentials, location) = try Self.splitCredentials(socket.dropFirst(2)) }
        let question = location.firstIndex(of: "?") ?? location.endIndex
        let path = location[..<question]
        guard path.hasPrefix("/"), path.utf8.count > 1 else {
            throw RedisSettingsError(message: "a Unix socket needs an absolute path")
        }
        // sockaddr_un holds 108 bytes with the terminating zero.
        guard path.utf8.count < 108 else { throw RedisSettingsError(message: "the socket's path is too long") }
        let query = location[question...].dropFirst()
        guard query.isEmpty || query.hasPrefix("db=") else {
            throw RedisSettingsError(message: "the only parameter of a Unix socket is db")
        }
        self.address = .unix(path: String(path))
        self.usesTLS = false
        self.database = query.isEmpty ? 0 : try Self.database(query.dropFirst(3))
        (self.username, self.password) = credentials
    }

    package var description: String {
        let scheme =
            switch self.address {
            case .tcp: self.usesTLS ? "rediss" : "redis"
            case .unix: "unix"
            }
        let credentials = self.password == nil ? "" : "\(self.username ?? ""):***@"
        return switch self.address {
        case .tcp(let host, let port):
            "\(scheme)://\(credentials)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(self.database)"
        case .unix(let path): "\(scheme)://\(credentials)\(path)?db=\(self.database)"
        }
    }

    package var debugDescription: String { self.description }

    package var customMirror: Mirror { Mirror(self, children: ["url": self.description]) }
}

/// The URL of a Redis is not usable; the message repeats nothing that could be secret.
package struct RedisSettingsError: Error, Hashable {
    package var message: String
}

extension RedisSettings {
    private typealias Credentials = (username: String?, password: String?)

    private static func splitCredentials(
        _ text: Substring
    ) throws(RedisSettingsError) -> (Credentials, Substring) {
        guard let at = text.lastIndex(of: "@") else { return ((nil, nil), text) }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // An authority without a colon is a user without a password, which Redis has no use for.
        guard parts.count == 2, let username = Self.percentDecoded(parts[0]),
            let password = Self.percentDecoded(parts[1]), !password.isEmpty
        else { throw RedisSettingsError(message: "credentials are not user:password") }
        return ((username.isEmpty ? nil : username, password), text[text.index(after: at)...])
    }

    private static func splitPort(_ text: Substring) throws(RedisSettingsError) -> (host: String, port: Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw RedisSettingsError(message: "bad host") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains("?"), !host.contains("#") else {
            throw RedisSettingsError(message: "bad host")
        }
        guard let port else { return (String(host), 6379) }
        guard let number = Int(port), (1...65_535).contains(number) else {
            throw RedisSettingsError(message: "the port is not a number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func database(_ text: Substring) throws(RedisSettingsError) -> Int {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text)
        else { throw RedisSettingsError(message: "the database is not a number") }
        return number
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
