import Crypto
import WonkeyCore

/// Signs requests to an S3-compatible store with AWS Signature Version 4: pure.
///
/// Our own signature rather than libcurl's: presigned URLs need the computation anyway, and libcurl 7.88.1 mis-signs removed
/// fields, unsorted queries and unencoded paths. The tests hold the two against each other.
///
/// - SeeAlso: AWS General Reference, "Create a signed AWS API request".
struct RequestSigner {
    let accessKeyID: String
    let secretAccessKey: Secret
    let sessionToken: Secret?
    let region: String
    /// Scheme and authority, without path.
    let origin: String
    /// As sent in `Host`.
    let host: String
    /// Of the endpoint, encoded, without a slash at its end.
    let basePath: String

    init(_ settings: ObjectStorageSettings) {
        self.accessKeyID = settings.accessKeyID
        self.secretAccessKey = settings.secretAccessKey
        self.sessionToken = settings.sessionToken
        self.region = settings.region
        var endpoint = settings.endpoint[...]
        while endpoint.last == "/" { endpoint.removeLast() }
        let scheme = endpoint.firstRange(of: "://")?.upperBound ?? endpoint.startIndex
        let slash = endpoint[scheme...].firstIndex(of: "/") ?? endpoint.endIndex
        self.origin = String(endpoint[..<slash])
        self.host = Self.withoutDefaultPort(endpoint[scheme..<slash], isTLS: endpoint.hasPrefix("https:"))
        self.basePath = String(endpoint[slash...])
    }

    /// Scheme, authority and encoded path of an object.
    func url(bucket: String, key: String) -> String {
        self.origin + self.path(bucket: bucket, key: key)
    }

    /// The fields that authorize a request whose body is at hand: those given, the date, the body's hash, the authorization.
    ///
    /// `headers` are all signed: names in lower case, each once, without `host`. `Host` must be sent as ``host`` says. The
    /// body is hashed whole, as R2 demands.
    func signedHeaders(
        method: String,
        bucket: String,
        key: String,
        headers: [(name: String, value: String)],
        body: [UInt8],
        at time: Timestamp
    ) -> [(name: String, value: String)] {
        let date = Self.date(time)
        let hash = Self.hex(SHA256.hash(data: body))
        var fields = headers + [("x-amz-content-sha256", hash), ("x-amz-date", date)]
        if let sessionToken { fields.append(("x-amz-security-token", sessionToken.revealed)) }
        let sorted = (fields + [("host", self.host)]).sorted { $0.name < $1.name }
        let names = sorted.map(\.name).joined(separator: ";")
        let request = Self.canonicalRequest(
            method: method,
            path: self.path(bucket: bucket, key: key),
            query: "",
            fields: sorted,
            payload: hash
        )
        let signature = self.signature(of: request, date: date)
        let credential = "\(self.accessKeyID)/\(self.scope(date))"
        fields.append(
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=\(names), Signature=\(signature)"
            )
        )
        return fields
    }

    /// A URL with which anybody may `GET` the object until it expires.
    ///
    /// `validity` is brought into the 1 s to 7 d that stores accept.
    func presignedURL(bucket: String, key: String, validity: Duration, at time: Timestamp) -> String {
        let date = Self.date(time)
        let seconds = min(max(validity.components.seconds, 1), 604_800)
        var parameters = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(self.accessKeyID)/\(self.scope(date))"),
            ("X-Amz-Date", date),
            ("X-Amz-Expires", String(seconds)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if let sessionToken { parameters.append(("X-Amz-Security-Token", sessionToken.revealed)) }
        let query = parameters.sorted { $0.0 < $1.0 }.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }
            .joined(separator: "&")
        let path = self.path(bucket: bucket, key: key)
        let request = Self.canonicalRequest(
            method: "GET",
            path: path,
            query: query,
            fields: [("host", self.host)],
            payload: "UNSIGNED-PAYLOAD"
        )
        return "\(self.origin)\(path)?\(query)&X-Amz-Signature=\(self.signature(of: request, date: date))"
    }

    static func canonicalRequest(
        method: String,
        path: String,
        query: String,
        fields: [(name: String, value: String)],
        payload: String
    ) -> String {
        let lines = fields.map { "\($0.name):\($0.value)\n" }.joined()
        let names = fields.map(\.name).joined(separator: ";")
        return "\(method)\n\(path)\n\(query)\n\(lines)\n\(names)\n\(payload)"
    }

    private func path(bucket: String, key: String) -> String {
        "\(self.basePath)/\(PercentEncoding.encode(bucket))/\(PercentEncoding.encode(key, keeping: "/"))"
    }

    private func signature(of canonicalRequest: String, date: String) -> String {
        let hash = Self.hex(SHA256.hash(data: Array(canonicalRequest.utf8)))
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(self.scope(date))\n\(hash)"
        var key = SymmetricKey(data: Array("AWS4\(self.secretAccessKey.revealed)".utf8))
        for part in [String(date.prefix(8)), self.region, "s3", "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return Self.hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    private func scope(_ date: String) -> String { "\(date.prefix(8))/\(self.region)/s3/aws4_request" }

    /// `20260128T123456Z`.
    private static func date(_ time: Timestamp) -> String {
        time.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// `Host` leaves the scheme's default port out.
    private static func withoutDefaultPort(_ authority: Substring, isTLS: Bool) -> String {
        let port = isTLS ? ":443" : ":80"
        return String(authority.hasSuffix(port) ? authority.dropLast(port.utf8.count) : authority)
    }
}
