import Crypto
import Foundation
import Synchronization

/// Plays R2 on a loopback port: path-style `PUT`, and `GET` through presigned URLs.
///
/// Verifies every signature by recomputing it from what arrived, with code of its own, and refuses what R2 refuses: a missing
/// or wrong body hash, `Expect`, unsigned fields, a date far from now. Its ``url`` serves as `endpoint`.
package final class ObjectStoreStandIn: Sendable {
    package struct Object: Equatable, Sendable {
        package var contentType: String
        package var cacheControl: String
        package var body: [UInt8]

        package init(contentType: String, cacheControl: String, body: [UInt8]) {
            self.contentType = contentType
            self.cacheControl = cacheControl
            self.body = body
        }
    }

    package struct Credentials: Sendable {
        package var accessKeyID = "AKIDSTANDIN"
        package var secretAccessKey = "stand-in/secret+key"
        package var bucket = "pictures"

        package init() {}
    }

    package let server: StandInServer
    private let contents: Contents

    package var url: String { self.server.url }
    /// What is stored, by path (`/bucket/key`).
    package var objects: [String: Object] { self.contents.state.withLock { $0.objects } }
    /// Why requests were refused, in order.
    package var refusals: [String] { self.contents.state.withLock { $0.refusals } }

    private init(server: StandInServer, contents: Contents) {
        self.server = server
        self.contents = contents
    }

    /// Starts the stand-in.
    ///
    /// - Parameters:
    ///   - credentials: What requests must be signed with.
    ///   - faults: Replies given to the first requests instead of serving them.
    /// - Returns: The running stand-in; end it with ``shutdown()``.
    /// - Throws: Why the port could not be opened.
    package static func start(
        _ credentials: Credentials = .init(),
        faults: [StandInServer.Reply] = []
    ) async throws -> ObjectStoreStandIn {
        let contents = Contents(faults: faults)
        let server = try await StandInServer.start { contents.reply(to: $0, credentials) }
        return ObjectStoreStandIn(server: server, contents: contents)
    }

    package func shutdown() async {
        await self.server.shutdown()
    }
}

private final class Contents: Sendable {
    struct State {
        var faults: ArraySlice<StandInServer.Reply>
        var objects: [String: ObjectStoreStandIn.Object] = [:]
        var refusals: [String] = []
    }

    let state: Mutex<State>

    init(faults: [StandInServer.Reply]) {
        self.state = Mutex(State(faults: faults[...]))
    }

    func reply(to request: StandInServer.Request, _ credentials: ObjectStoreStandIn.Credentials) -> StandInServer.Reply
    {
        self.state.withLock { state in
            if let fault = state.faults.popFirst() { return fault }
            do throws(StoreRefusal) {
                try SignatureCheck(request, credentials).run()
                return try self.serve(request, credentials, &state)
            } catch {
                state.refusals.append(error.reason)
                let body = "<?xml version=\"1.0\"?><Error><Code>\(error.code)</Code><Message>no</Message></Error>"
                return .answer(
                    status: error.status,
                    headers: [("content-type", "application/xml")],
                    body: Array(body.utf8)
                )
            }
        }
    }

    private func serve(
        _ request: StandInServer.Request,
        _ credentials: ObjectStoreStandIn.Credentials,
        _ state: inout State
    ) throws(StoreRefusal) -> StandInServer.Reply {
        let path = String(request.target.prefix { $0 != "?" })
        guard path.hasPrefix("/\(credentials.bucket)/") else { throw StoreRefusal(404, "NoSuchBucket", path) }
        switch request.method {
        case "PUT":
            state.objects[path] = .init(
                contentType: request.header("content-type") ?? "",
                cacheControl: request.header("cache-control") ?? "",
                body: request.body
            )
            return .answer(status: 200, headers: [("etag", "\"1\"")])
        case "GET":
            guard let object = state.objects[path] else { throw StoreRefusal(404, "NoSuchKey", path) }
            return .answer(status: 200, headers: [("content-type", object.contentType)], body: object.body)
        default:
            throw StoreRefusal(501, "NotImplemented", request.method)
        }
    }
}

private struct StoreRefusal: Error {
    var status: Int
    var code: String
    var reason: String

    init(_ status: Int, _ code: String, _ reason: String) {
        self.status = status
        self.code = code
        self.reason = reason
    }
}

/// Recomputes a request's signature the strict way: decoded and encoded anew, sorted, every field checked.
private struct SignatureCheck {
    let request: StandInServer.Request
    let credentials: ObjectStoreStandIn.Credentials
    let path: String
    let query: [(String, String)]

    init(_ request: StandInServer.Request, _ credentials: ObjectStoreStandIn.Credentials) {
        self.request = request
        self.credentials = credentials
        let parts = request.target.split(separator: "?", maxSplits: 1)
        self.path = parts.first.map(String.init) ?? "/"
        self.query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (
                halves[0].removingPercentEncoding ?? "",
                (halves.count > 1 ? halves[1] : "").removingPercentEncoding ?? ""
            )
        }
    }

    func run() throws(StoreRefusal) {
        if self.request.header("expect") != nil { throw StoreRefusal(501, "NotImplemented", "expect") }
        if self.query.contains(where: { $0.0 == "X-Amz-Signature" }) {
            try self.checkQuery()
        } else {
            try self.checkFields()
        }
    }

    private func checkFields() throws(StoreRefusal) {
        let authorization = self.request.header("authorization") ?? ""
        let scheme = "AWS4-HMAC-SHA256 "
        guard authorization.hasPrefix(scheme) else { throw StoreRefusal(401, "Unauthorized", "no authorization") }
        var parts: [String: String] = [:]
        for part in authorization.dropFirst(scheme.count).split(separator: ",") {
            let halves = part.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else { throw StoreRefusal(400, "AuthorizationHeaderMalformed", "authorization") }
            parts[halves[0].trimmingCharacters(in: .whitespaces)] = String(halves[1])
        }
        let hash = SHA256.hash(data: self.request.body).map { String(format: "%02x", $0) }.joined()
        guard self.request.header("x-amz-content-sha256") == hash else {
            throw StoreRefusal(400, "XAmzContentSHA256Mismatch", "body hash")
        }
        guard self.request.header("content-length") == String(self.request.body.count) else {
            throw StoreRefusal(411, "MissingContentLength", "content-length")
        }
        let signed = (parts["SignedHeaders"] ?? "").components(separatedBy: ";")
        let mustBeSigned = self.request.headers.map { $0.name.lowercased() }.filter { name in
            name.hasPrefix("x-amz-") || ["host", "content-type", "cache-control"].contains(name)
        }
        guard Set(signed).isSuperset(of: mustBeSigned), signed == signed.sorted() else {
            throw StoreRefusal(403, "AccessDenied", "unsigned or unsorted fields: \(signed)")
        }
        let date = self.request.header("x-amz-date") ?? ""
        try self.checkDate(date, validity: 900)
        try self.check(
            parts["Signature"],
            credential: parts["Credential"],
            date: date,
            canonical: self.canonical(query: self.query, signed: signed, payload: hash)
        )
    }

    private func checkQuery() throws(StoreRefusal) {
        let values = Dictionary(self.query, uniquingKeysWith: { first, _ in first })
        let date = values["X-Amz-Date"] ?? ""
        let validity = Int(values["X-Amz-Expires"] ?? "") ?? 0
        guard values["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256", (1...604_800).contains(validity),
            values["X-Amz-SignedHeaders"] == "host"
        else { throw StoreRefusal(400, "AuthorizationQueryParametersError", "parameters") }
        try self.checkDate(date, validity: validity)
        let signedQuery = self.query.filter { $0.0 != "X-Amz-Signature" }
        try self.check(
            values["X-Amz-Signature"],
            credential: values["X-Amz-Credential"],
            date: date,
            canonical: self.canonical(query: signedQuery, signed: ["host"], payload: "UNSIGNED-PAYLOAD")
        )
    }

    private func canonical(query: [(String, String)], signed: [String], payload: String) -> String {
        let segments = self.path.components(separatedBy: "/").map { Self.encode($0.removingPercentEncoding ?? "") }
        let pairs = query.map { "\(Self.encode($0.0))=\(Self.encode($0.1))" }.sorted()
        let fields = signed.map { name in
            let values = self.request.headers.filter { $0.name.lowercased() == name }.map {
                $0.value.split(separator: " ").joined(separator: " ")
            }
            return "\(name):\(values.joined(separator: ","))\n"
        }
        return [
            self.request.method, segments.joined(separator: "/"), pairs.joined(separator: "&"), fields.joined(),
            signed.joined(separator: ";"), payload,
        ].joined(separator: "\n")
    }

    private func check(
        _ signature: String?,
        credential: String?,
        date: String,
        canonical: String
    ) throws(StoreRefusal) {
        let day = String(date.prefix(8))
        guard credential == "\(self.credentials.accessKeyID)/\(day)/auto/s3/aws4_request" else {
            throw StoreRefusal(403, "AccessDenied", "credential")
        }
        var key = Data("AWS4\(self.credentials.secretAccessKey)".utf8)
        for word in [day, "auto", "s3", "aws4_request"] { key = Self.hmac(key, word) }
        let digest = SHA256.hash(data: Data(canonical.utf8)).map { String(format: "%02x", $0) }.joined()
        let text = ["AWS4-HMAC-SHA256", date, "\(day)/auto/s3/aws4_request", digest].joined(separator: "\n")
        guard signature == Self.hmac(key, text).map({ String(format: "%02x", $0) }).joined() else {
            throw StoreRefusal(403, "SignatureDoesNotMatch", "signature of\n\(canonical)")
        }
    }

    private func checkDate(_ date: String, validity: Int) throws(StoreRefusal) {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        guard let time = formatter.date(from: date) else { throw StoreRefusal(400, "ExpiredRequest", "date \(date)") }
        let age = Date.now.timeIntervalSince(time)
        guard age > -900, age <= Double(validity) else { throw StoreRefusal(403, "RequestTimeTooSkewed", "age \(age)") }
    }

    private static func hmac(_ key: Data, _ text: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
    }

    private static func encode(_ text: String) -> String {
        let kept = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: kept) ?? ""
    }
}
