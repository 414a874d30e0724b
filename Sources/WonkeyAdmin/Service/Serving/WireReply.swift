import HTTPTypes
import Hummingbird
import NIOCore

/// An answer in bytes, with the fields that every answer has.
struct WireReply: Sendable {
    var status: Int
    var fields: HTTPFields
    private let body: ByteBuffer

    /// A page or document.
    init(status: Int, fields: HTTPFields, mediaType: String?, body: String) {
        self.status = status
        self.fields = Self.guards
        // What the answer says itself stands in the place of the general.
        for field in fields { self.fields[field.name] = field.value }
        self.fields[.contentType] = mediaType
        self.body = ByteBuffer(string: body)
    }

    init(_ reply: Reply) {
        self.init(
            status: reply.status,
            fields: reply.fields,
            mediaType: reply.body.map { _ in "application/json" },
            body: reply.body?.text ?? ""
        )
    }

    init(_ problem: Problem, requestID: String) {
        self.init(
            status: problem.status,
            fields: problem.fields,
            mediaType: Problem.mediaType,
            body: problem.json(requestID: requestID).text
        )
    }

    func response(isHead: Bool) -> Response {
        var fields = self.fields
        fields[.contentLength] = "\(self.body.readableBytes)"
        var response = Response(
            status: .init(code: self.status),
            headers: fields,
            body: isHead ? .init() : .init(byteBuffer: self.body)
        )
        // RFC 9110 §8.6.
        if self.status == 204 { response.headers[.contentLength] = nil }
        return response
    }

    /// What keeps browsers from making something else of an answer (OWASP REST Security Cheat Sheet).
    private static let guards: HTTPFields = [
        .cacheControl: "no-store",
        .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
        .crossOriginResourcePolicy: "same-origin",
        .referrerPolicy: "no-referrer",
        .xContentTypeOptions: "nosniff",
        .xFrameOptions: "DENY",
    ]
}
