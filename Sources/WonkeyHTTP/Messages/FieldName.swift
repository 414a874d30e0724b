/// The name of a field, compared without regard to case (RFC 9110 §5.1).
///
/// Names the proxy knows are interned and compare by number; others compare by their lower-cased bytes.
package struct FieldName: Sendable {
    /// The position in ``KnownFields``, or 0 for a name that is not there.
    let known: UInt8
    /// The canonical spelling of a known name, otherwise the spelling it was made with.
    package let text: String

    package init(_ text: String) {
        self.known = KnownFields.index(of: text.utf8Span.span)
        self.text = self.known == 0 ? text : KnownFields.names[Int(self.known)]
    }

    init(known: KnownField) {
        self.known = known.rawValue
        self.text = KnownFields.names[Int(known.rawValue)]
    }
}

extension FieldName: Hashable {
    package static func == (lhs: Self, rhs: Self) -> Bool {
        if lhs.known != 0 || rhs.known != 0 { return lhs.known == rhs.known }
        return lhs.text.utf8.elementsEqual(rhs.text.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.known)
        guard self.known == 0 else { return }
        for byte in self.text.utf8 { hasher.combine(byte.asciiLowercased) }
    }
}

extension FieldName: CustomStringConvertible {
    package var description: String { self.text }
}

extension FieldName {
    package static let allow = Self(known: .allow)
    package static let authorization = Self(known: .authorization)
    package static let cacheControl = Self(known: .cacheControl)
    package static let connection = Self(known: .connection)
    package static let contentLength = Self(known: .contentLength)
    package static let contentType = Self(known: .contentType)
    package static let cookie = Self(known: .cookie)
    package static let date = Self(known: .date)
    package static let expect = Self(known: .expect)
    package static let forwarded = Self(known: .forwarded)
    package static let host = Self(known: .host)
    package static let keepAlive = Self(known: .keepAlive)
    package static let location = Self(known: .location)
    package static let maxForwards = Self(known: .maxForwards)
    package static let origin = Self(known: .origin)
    package static let proxyAuthorization = Self(known: .proxyAuthorization)
    package static let proxyConnection = Self(known: .proxyConnection)
    package static let rateLimit = Self(known: .rateLimit)
    package static let rateLimitPolicy = Self(known: .rateLimitPolicy)
    package static let referer = Self(known: .referer)
    package static let retryAfter = Self(known: .retryAfter)
    package static let server = Self(known: .server)
    package static let setCookie = Self(known: .setCookie)
    package static let te = Self(known: .te)
    package static let traceParent = Self(known: .traceParent)
    package static let traceState = Self(known: .traceState)
    package static let trailer = Self(known: .trailer)
    package static let transferEncoding = Self(known: .transferEncoding)
    package static let upgrade = Self(known: .upgrade)
    package static let userAgent = Self(known: .userAgent)
    package static let vary = Self(known: .vary)
    package static let via = Self(known: .via)
    package static let wwwAuthenticate = Self(known: .wwwAuthenticate)
    package static let xForwardedFor = Self(known: .xForwardedFor)
    package static let xForwardedHost = Self(known: .xForwardedHost)
    package static let xForwardedPort = Self(known: .xForwardedPort)
    package static let xForwardedProto = Self(known: .xForwardedProto)
    package static let xRealIP = Self(known: .xRealIP)
    package static let xRequestID = Self(known: .xRequestID)
}
