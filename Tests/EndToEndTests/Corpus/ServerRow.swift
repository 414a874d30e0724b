import Support

/// A conversation with the proxy, and what the server behind it must have seen of it, whole.
struct ServerRow: Sendable {
    enum Step: Sendable {
        /// Sends octets, given as Latin-1.
        case send(String)
        /// Waits for this text and takes what arrived.
        case read(String)
        /// Closes the connection without waiting for an answer.
        case close
    }

    enum Client: String, Sendable {
        case anybody = "127.0.0.1"
        /// Behind a proxy that ours trusts.
        case trusted = "127.0.0.2"
    }

    /// Begins with the duties it shows.
    var name: String
    var client = Client.anybody
    /// The answer is read to its end after the last; `{key}` stands for a key.
    var steps: [Step]
    /// Of `answers` all together: how they begin, what they hold and do not.
    var answer: ForwardingRow.Expectation
    /// Status codes, in order, 1xx included.
    var answers: [Int]
    /// `KEYID` and `PROJECTID` stand for what belongs to the key.
    var seen: [SeenRequest]
    /// Whether the server may have seen the beginning of something that it did not serve.
    var mayBeSeenInPart = false
}

extension ServerRow {
    /// A request that ends the connection, and is seen once.
    init(
        _ name: String,
        _ request: String,
        client: Client = .anybody,
        answers: [Int] = [200],
        answer: ForwardingRow.Expectation = ForwardingRow.Expectation(),
        seen: SeenRequest...
    ) {
        self.init(
            name: name,
            client: client,
            steps: [.send(request)],
            answer: answer,
            answers: answers,
            seen: seen
        )
    }

    /// Several steps.
    init(
        _ name: String,
        steps: [Step],
        answers: [Int],
        answer: ForwardingRow.Expectation = ForwardingRow.Expectation(),
        mayBeSeenInPart: Bool = false,
        seen: SeenRequest...
    ) {
        self.init(
            name: name,
            steps: steps,
            answer: answer,
            answers: answers,
            seen: seen,
            mayBeSeenInPart: mayBeSeenInPart
        )
    }

    /// A request with a fault, behind which another one would be smuggled.
    init(refused row: Corpus.Row, mayBeSeenInPart: Bool) {
        self.init(
            row.name,
            steps: [.send(row.request + Corpus.smuggled)],
            answers: [row.status],
            mayBeSeenInPart: mayBeSeenInPart
        )
    }

    static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n"
    }

    static func post(_ path: String, _ fields: String, _ body: String, method: String = "POST") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n\(body)"
    }
}

extension SeenRequest {
    /// A request as the proxy forwards it: what the client sent, and what the proxy says of itself and of the client.
    ///
    /// - Parameters:
    ///   - line: Method and target.
    ///   - host: Value of `Host`.
    ///   - fields: The client's that go on.
    ///   - via: The version the client spoke.
    ///   - chain: Who the client is, as `X-Forwarded-For` and `Forwarded` say it; `nil` if nobody says more than the socket.
    ///   - identity: Lines about the key.
    ///   - framing: Lines about the body and the connection.
    ///   - body: All of it.
    ///   - isServed: Whether it was complete for the server, and answered.
    /// - Returns: What a server must have seen.
    static func forwarded(
        _ line: String,
        host: String = "a",
        _ fields: [String] = [],
        via: String = "1.1",
        chain: (older: String, forwarded: String)? = nil,
        identity: [String] = [],
        framing: [String] = [],
        body: String = "",
        isServed: Bool = true
    ) -> SeenRequest {
        let quoted = host.contains(":") ? "\"\(host)\"" : host
        let added = [
            "Via: \(via) wonkey",
            "X-Forwarded-For: \(chain?.older ?? "127.0.0.1")", "X-Forwarded-Proto: http", "X-Forwarded-Host: \(host)",
            "Forwarded: \(chain?.forwarded ?? "for=127.0.0.1;host=\(quoted);proto=http")",
            "X-Request-Id: ID",
        ]
        return SeenRequest(
            line: line,
            fields: ["Host: \(host)"] + fields + added + identity + ["X-Injected: yes"] + framing,
            body: body,
            isServed: isServed
        )
    }

    /// With names for what is new each time: the ids of the request, the key and its project.
    var withoutIdentifiers: SeenRequest {
        var seen = self
        seen.fields = self.fields.map { field in
            guard let colon = field.firstIndex(of: ":") else { return field }
            let value = field[colon...].dropFirst(2)
            guard let name = Self.identifiers[field[..<colon].lowercased()], value.contains(/^[0-9A-Za-z_-]{20,40}$/)
            else {
                return field
            }
            return field[..<colon] + ": " + name
        }
        return seen
    }

    private static let identifiers = [
        "x-request-id": "ID", "x-wonkey-key-id": "KEYID", "x-wonkey-project-id": "PROJECTID",
    ]
}
