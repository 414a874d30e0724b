/// The fields the proxy interns: all it acts on and those most messages carry.
enum KnownField: UInt8, CaseIterable {
    case unknown = 0
    case accept, acceptEncoding, acceptLanguage, age, allow, authorization, cacheControl, connection, contentEncoding
    case contentLength, contentType, cookie, date, etag, expect, expires, forwarded, host, ifModifiedSince
    case ifNoneMatch, keepAlive, lastModified, location, maxForwards, origin, pragma, proxyAuthorization
    case proxyConnection, range, rateLimit, rateLimitPolicy, referer, retryAfter, server, setCookie, te, trailer
    case transferEncoding, upgrade, userAgent, vary, via, wwwAuthenticate, xForwardedFor, xForwardedHost
    case xForwardedPort, xForwardedProto, xRealIP, xRequestID, traceParent, traceState
}

/// Finds a known field by its name without making a string.
enum KnownFields {
    /// Canonical spellings, by ``KnownField``.
    static let names: [String] = [
        "", "Accept", "Accept-Encoding", "Accept-Language", "Age", "Allow", "Authorization", "Cache-Control",
        "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Date", "ETag", "Expect",
        "Expires", "Forwarded", "Host", "If-Modified-Since", "If-None-Match", "Keep-Alive", "Last-Modified",
        "Location", "Max-Forwards", "Origin", "Pragma", "Proxy-Authorization", "Proxy-Connection", "Range",
        "RateLimit", "RateLimit-Policy", "Referer", "Retry-After", "Server", "Set-Cookie", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "User-Agent", "Vary", "Via", "WWW-Authenticate", "X-Forwarded-For",
        "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Real-IP", "X-Request-Id",
        "traceparent", "tracestate",
    ]

    private static let lowercased: [[UInt8]] = KnownFields.names.map { $0.utf8.map(\.asciiLowercased) }
    private static let slots: [UInt8] = KnownFields.makeSlots()
    private static let slotMask = 511

    private static func makeSlots() -> [UInt8] {
        var slots = [UInt8](repeating: 0, count: KnownFields.slotMask + 1)
        for (index, name) in KnownFields.lowercased.enumerated().dropFirst() {
            var slot = KnownFields.slot(of: name.span)
            while slots[slot] != 0 { slot = (slot + 1) & KnownFields.slotMask }
            slots[slot] = UInt8(index)
        }
        return slots
    }

    private static func slot(of name: Span<UInt8>) -> Int {
        let count = name.count
        let first = Int(name[0] | 0x20)
        let middle = Int(name[count / 2] | 0x20)
        let last = Int(name[count - 1] | 0x20)
        return (count &* 7 &+ first &* 31 &+ middle &* 131 &+ last &* 61) & KnownFields.slotMask
    }

    /// The position of `name` in ``KnownField``, or 0.
    static func index(of name: Span<UInt8>) -> UInt8 {
        guard name.count >= 2, name.count <= 19 else { return 0 }
        var slot = KnownFields.slot(of: name)
        while KnownFields.slots[slot] != 0 {
            let candidate = KnownFields.slots[slot]
            let known = KnownFields.lowercased[Int(candidate)]
            if name.equalsLowercased(known.span) { return candidate }
            slot = (slot + 1) & KnownFields.slotMask
        }
        return 0
    }
}
