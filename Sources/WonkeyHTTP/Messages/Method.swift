/// A request method; case-sensitive (RFC 9110 §9.1).
package enum Method: Hashable, Sendable {
    case get, head, post, put, patch, delete, options, trace, connect
    /// A method the proxy has no opinion about, passed through (F13).
    case other(String)

    package init(_ text: String) {
        self =
            switch text {
            case "GET": .get
            case "HEAD": .head
            case "POST": .post
            case "PUT": .put
            case "PATCH": .patch
            case "DELETE": .delete
            case "OPTIONS": .options
            case "TRACE": .trace
            case "CONNECT": .connect
            default: .other(text)
            }
    }

    /// As written on the wire.
    package var text: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .other(let text): text
        }
    }

    /// Whether it changes nothing (RFC 9110 §9.2.1).
    package var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        case .put, .delete, .post, .patch, .connect, .other: false
        }
    }

    /// Whether doing it twice is as good as once (RFC 9110 §9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}

/// The version of a message; a minor version of HTTP/1 above 1 is read as 1 (R17).
package enum HTTPVersion: Hashable, Sendable {
    case http10, http11, http2
}

/// How the end of a body is found.
package enum BodyFraming: Hashable, Sendable {
    case none
    case length(Int64)
    /// Length not known beforehand; on HTTP/1.1 connections the chunked coding.
    case chunked
}
