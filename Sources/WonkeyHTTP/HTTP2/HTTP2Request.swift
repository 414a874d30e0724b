internal import NIOCore
internal import NIOHPACK

/// Makes a request head of an HTTP/2 header section (RFC 9113 §8).
///
/// The library has checked the names, the pseudo-header fields' number and order and that nothing is connection-specific.
/// The section becomes field lines as HTTP/1.1 would have sent them, and is then read like one of those.
enum HTTP2Request {
    enum Outcome {
        case head(RequestHead, byteCount: Int)
        /// To be answered.
        case refused(RequestParser.Fault)
        /// To be ended with PROTOCOL_ERROR (RFC 9113 §8.1.1).
        case malformed
    }

    private static let methodBytesMax = 32

    /// Reads a header section.
    ///
    /// - Parameters:
    ///   - headers: As decoded.
    ///   - endsStream: Whether there is no body.
    ///   - limits: Of the server.
    /// - Returns: The head, or what keeps it from being one.
    static func read(_ headers: HPACKHeaders, endsStream: Bool, limits: ServerLimits) -> Outcome {
        guard let pseudo = PseudoFields(headers) else { return .malformed }
        do throws(Fault) {
            return try Self.head(pseudo, headers, endsStream: endsStream, limits)
        } catch {
            switch error {
            case .malformed: return .malformed
            case .refused(let fault): return .refused(fault)
            }
        }
    }

    private enum Fault: Error {
        case malformed
        case refused(RequestParser.Fault)

        static func refused(_ status: Int, _ reason: MalformedRequest.Reason) -> Fault {
            .refused(RequestParser.Fault(status: status, reason: reason))
        }
    }

    private static func head(
        _ pseudo: PseudoFields,
        _ headers: HPACKHeaders,
        endsStream: Bool,
        _ limits: ServerLimits
    ) throws(Fault) -> Outcome {
        if pseudo.method == "CONNECT" { throw .refused(501, .connect) }
        guard !pseudo.method.isEmpty, pseudo.method.utf8.allSatisfy(\.isTokenByte) else { throw .malformed }
        guard pseudo.method.utf8.count <= Self.methodBytesMax else { throw .refused(501, .methodTooLong) }
        let method = Method(pseudo.method)
        let target = try Self.target(pseudo, method, limits)
        let fields = try Self.fields(headers, authority: pseudo.authority, limits)
        let facts = try Self.facts(fields)
        if let authority = pseudo.authority, authority.lowercased() != facts.host { throw .malformed }
        let framing: BodyFraming = endsStream ? .none : Self.framing(facts)
        let head = RequestHead(
            method: method,
            target: target,
            version: .http2,
            host: facts.host,
            fields: fields,
            framing: framing,
            expectsContinue: facts.expectsContinue && framing != .none,
            wantsTrailers: facts.wantsTrailers,
            routingPath: try Self.routingPath(target, limits)
        )
        return .head(head, byteCount: fields.received.readableBytes + pseudo.byteCount)
    }

    private static func facts(_ fields: FieldSection) throws(Fault) -> FieldFacts {
        do throws(RequestParser.Fault) {
            return try FieldFacts(fields, version: .http11)
        } catch {
            throw .refused(error)
        }
    }

    /// A stream that stays open has a body of unknown length unless it says otherwise.
    ///
    /// That it says 0 is known to be true at its end only: till then nothing may be complete for the upstream.
    private static func framing(_ facts: FieldFacts) -> BodyFraming {
        facts.framing == .none ? .chunked : facts.framing
    }

    private static func target(
        _ pseudo: PseudoFields,
        _ method: Method,
        _ limits: ServerLimits
    ) throws(Fault) -> RequestTarget {
        let path = pseudo.path.utf8
        guard path.count <= limits.requestLineBytesMax else { throw .refused(414, .targetTooLong) }
        guard path.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }) else { throw .malformed }
        guard path.first == .slash || (pseudo.path == "*" && method == .options) else { throw .malformed }
        return RequestTarget(origin: pseudo.path)
    }

    private static func routingPath(_ target: RequestTarget, _ limits: ServerLimits) throws(Fault) -> String {
        let path = target.form == .asterisk ? "/" : target.path
        do throws(PathNormalizer.Suspicion) {
            return try PathNormalizer.normalize(path, policy: limits.suspiciousPaths)
        } catch {
            throw .refused(400, .suspiciousPath)
        }
    }

    /// Writes the field lines, `Host` first, and cuts them again: so every check of HTTP/1.1 is made here as well.
    private static func fields(
        _ headers: HPACKHeaders,
        authority: String?,
        _ limits: ServerLimits
    ) throws(Fault) -> FieldSection {
        var bytes = ByteBufferAllocator().buffer(capacity: 512)
        if let authority, !headers.contains(name: "host") { try Self.write("host", authority, to: &bytes) }
        var cookies: [String] = []
        for (name, value, _) in headers where name.utf8.first != .colon {
            // Crumbs of one cookie (RFC 9113 §8.2.3).
            if name == "cookie" {
                try Self.checkSpace(around: value)
                cookies.append(value)
            } else {
                try Self.write(name, value, to: &bytes)
            }
            guard bytes.readableBytes <= limits.fieldSectionBytesMax else { throw .refused(431, .fieldsTooLarge) }
        }
        if !cookies.isEmpty { try Self.write("cookie", cookies.joined(separator: "; "), to: &bytes) }
        guard bytes.readableBytes <= limits.fieldSectionBytesMax else { throw .refused(431, .fieldsTooLarge) }
        bytes.writeStaticString("\r\n")
        do throws(FieldLineParser.Fault) {
            let entries = try FieldLineParser.parse(
                bytes.readableBytesUInt8Span,
                from: 0,
                countMax: limits.fieldCountMax
            )
            return FieldSection(received: bytes, entries: entries)
        } catch {
            switch error {
            case .malformed: throw .malformed
            case .tooMany: throw .refused(431, .fieldsTooLarge)
            }
        }
    }

    private static func write(_ name: String, _ value: String, to bytes: inout ByteBuffer) throws(Fault) {
        try Self.checkSpace(around: value)
        bytes.writeString(name)
        bytes.writeStaticString(": ")
        bytes.writeString(value)
        bytes.writeStaticString("\r\n")
    }

    /// White space around a value would vanish on the way (RFC 9113 §8.2.1).
    private static func checkSpace(around value: String) throws(Fault) {
        if let first = value.utf8.first, first.isWhitespace { throw .malformed }
        if let last = value.utf8.last, last.isWhitespace { throw .malformed }
    }

    /// Reads a trailer section; `nil` if it is none.
    static func trailers(_ headers: HPACKHeaders, limits: ServerLimits) -> FieldSection? {
        try? Self.fields(headers, authority: nil, limits)
    }
}

/// The pseudo-header fields of a request.
private struct PseudoFields {
    var method: String
    var path: String
    var authority: String?

    init?(_ headers: HPACKHeaders) {
        guard let method = headers.first(name: ":method") else { return nil }
        self.method = method
        self.authority = headers.first(name: ":authority")
        // Only CONNECT comes without one.
        self.path = headers.first(name: ":path") ?? "/"
        let scheme = headers.first(name: ":scheme")
        guard scheme == nil || scheme == "http" || scheme == "https" else { return nil }
    }

    /// About as many bytes as a request line has.
    var byteCount: Int { self.method.utf8.count + self.path.utf8.count + 12 }
}
