/// A request of HTTP/2, or more than anybody needs, and what the HTTP/1.1 server behind the proxy must have seen of it, whole.
struct HTTP2Row: Sendable, Encodable {
    /// Begins with the duties it shows.
    var name: String
    /// All of the section, pseudo-header fields included; octets as Latin-1.
    var fields: [[String]]
    /// The data, frame by frame; without any, the section ends the request.
    var body: [String]?
    var trailers: [[String]]?
    /// How the outcome begins.
    var outcome: String
    var seen: [SeenRequest]
    /// What `http2_client.py` has too much of, instead of a request.
    var bound: String?
    /// Whether the server may have served some of what is too much.
    var isServedInPart = false

    private enum CodingKeys: CodingKey { case fields, body, trailers, bound }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.fields, forKey: .fields)
        try container.encode(self.body, forKey: .body)
        try container.encode(self.trailers, forKey: .trailers)
        try container.encode(self.bound, forKey: .bound)
    }
}

extension HTTP2Row {
    /// The pseudo-header fields in their usual order, without those that are `nil`, and others.
    static func section(
        _ method: String? = "GET",
        _ path: String? = "/bad",
        authority: String? = "a",
        scheme: String? = "http",
        adding others: [[String]] = []
    ) -> [[String]] {
        let pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
        return pseudo.compactMap { name, value in value.map { [name, $0] } } + others
    }

    /// A valid request, seen once.
    static func valid(
        _ name: String,
        _ fields: [[String]],
        body: [String]? = nil,
        trailers: [[String]]? = nil,
        seen: SeenRequest
    ) -> HTTP2Row {
        HTTP2Row(name: name, fields: fields, body: body, trailers: trailers, outcome: "200 ok", seen: [seen])
    }

    /// A malformed request, of which nothing may be seen.
    static func malformed(
        _ name: String,
        _ fields: [[String]],
        body: [String]? = nil,
        trailers: [[String]]? = nil,
        outcome: String = "RST PROTOCOL_ERROR"
    ) -> HTTP2Row {
        HTTP2Row(name: name, fields: fields, body: body, trailers: trailers, outcome: outcome, seen: [])
    }

    /// More than a bound allows.
    static func bounded(_ name: String, _ bound: String, outcome: String, isServedInPart: Bool = false) -> HTTP2Row {
        HTTP2Row(
            name: name,
            fields: [],
            outcome: outcome,
            seen: [],
            bound: bound,
            isServedInPart: isServedInPart
        )
    }
}
