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

    /// The answer for Hummingbird.
    ///
    /// - Parameters:
    ///   - isHead: Whether the body stays out.
    ///   - channel: To be closed behind the answer, which says so; `nil` to serve on.
    /// - Returns: The answer.
    func response(isHead: Bool, closing channel: (any Channel)? = nil) -> Response {
        var fields = self.fields
        fields[.contentLength] = "\(self.body.readableBytes)"
        if channel != nil { fields[.connection] = "close" }
        let body = isHead ? ByteBuffer() : self.body
        var response = Response(
            status: .init(code: self.status),
            headers: fields,
            body: channel.map { Self.lastBody(body, on: $0) } ?? .init(byteBuffer: body)
        )
        // RFC 9110 §8.6.
        if self.status == 204 { response.headers[.contentLength] = nil }
        return response
    }

    /// A body after which nothing more is served on the connection.
    private static func lastBody(_ body: ByteBuffer, on channel: any Channel) -> ResponseBody {
        ResponseBody(contentLength: body.readableBytes) { writer in
            if body.readableBytes > 0 { try await writer.write(body) }
            try await writer.finish(nil)
            channel.triggerUserOutboundEvent(LingeringClose.LastAnswerSent(), promise: nil)
            // Hummingbird would take up the next request of the connection; after an error it closes.
            throw ConnectionEnd()
        }
    }

    private struct ConnectionEnd: Error {}

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
