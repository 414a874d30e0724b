import NIOCore

/// A complete, valid request head.
///
/// It does not change, and is an object, since every phase holds it: a copy of the fields would count a dozen references.
package final class RequestHead: Sendable {
    package let method: Method
    package let target: RequestTarget
    package let version: HTTPVersion
    /// The effective authority in lower case, with its port if one was sent (R9).
    ///
    /// Empty for an HTTP/1.0 request without `Host`.
    package let host: String
    package let fields: FieldSection
    package let framing: BodyFraming
    /// Whether the client wants the connection to stay open after the answer.
    package let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body (F11).
    package let expectsContinue: Bool
    /// Whether the client takes trailers (`TE: trailers`).
    package let wantsTrailers: Bool
    /// The one normalised copy of the path that routes are matched against (R19).
    package let routingPath: String

    package init(
        method: Method,
        target: RequestTarget,
        version: HTTPVersion = .http11,
        host: String,
        fields: FieldSection = FieldSection(),
        framing: BodyFraming = .none,
        keepsAlive: Bool = true,
        expectsContinue: Bool = false,
        wantsTrailers: Bool = false,
        routingPath: String? = nil
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.host = host
        self.fields = fields
        self.framing = framing
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
        self.wantsTrailers = wantsTrailers
        self.routingPath = routingPath ?? target.path
    }
}

/// What a request asks for, byte for byte as it was sent.
package struct RequestTarget: Sendable {
    package enum Form: Hashable, Sendable {
        /// `/path?query`
        case origin
        /// `http://authority/path?query`
        case absolute
        /// `*`, for OPTIONS only.
        case asterisk
    }

    package var form: Form
    /// `/path?query` (for ``Form/absolute`` without scheme and authority) or `*`.
    var bytes: ByteBuffer
    /// The number of bytes before `?`.
    var pathCount: Int

    /// Makes a target from text, as from configuration or in a test.
    package init(origin text: String) {
        self.form = text == "*" ? .asterisk : .origin
        self.bytes = ByteBuffer(string: text)
        self.pathCount =
            text.utf8.firstIndex(of: UInt8(ascii: "?")).map { text.utf8.distance(from: text.startIndex, to: $0) }
            ?? text.utf8.count
    }

    /// The path as sent, `*` for ``Form/asterisk``.
    package var path: String {
        self.bytes.getString(at: self.bytes.readerIndex, length: self.pathCount) ?? ""
    }

    /// What follows `?`, as sent; `nil` without a `?`.
    package var query: String? {
        guard self.bytes.readableBytes > self.pathCount else { return nil }
        let start = self.bytes.readerIndex + self.pathCount + 1
        return self.bytes.getString(at: start, length: self.bytes.writerIndex - start)
    }
}

/// What becomes of paths that readers along the way may understand differently (R19).
package enum SuspiciousPathPolicy: Hashable, Sendable {
    /// `%00`, an encoded slash or backslash, and dot segments that leave the root are answered with 400.
    case reject
    /// They pass; routes still match the normalised copy.
    case pass
}
