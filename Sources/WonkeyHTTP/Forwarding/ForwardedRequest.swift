package import NIOCore

/// A request head ready to be written to an upstream.
package struct OutgoingHead: Sendable {
    /// Request line and fields, framing and the empty line included.
    package var bytes: ByteBuffer
    package var method: Method
    package var framing: BodyFraming
    /// Where the value of `Host` is in ``bytes``; empty if nobody noted it.
    var hostValue: Range<Int>
    /// Where the proxy's own span id is in ``bytes``; `nil` if it sends none.
    var spanID: Int?
    /// What the upstream is asked to speak instead of HTTP; `nil`: nothing.
    var upgrade: String?

    package init(bytes: ByteBuffer, method: Method, framing: BodyFraming) {
        self.init(bytes: bytes, method: method, framing: framing, hostValue: 0..<0)
    }

    init(bytes: ByteBuffer, method: Method, framing: BodyFraming, hostValue: Range<Int>) {
        self.bytes = bytes
        self.method = method
        self.framing = framing
        self.hostValue = hostValue
    }

    /// The request target as the upstream gets it.
    package var requestTarget: String {
        let bytes = self.bytes.readableBytesUInt8Span
        var lineEnd = 0
        while lineEnd < bytes.count, bytes[lineEnd] != .carriageReturn { lineEnd += 1 }
        guard let line = try? RequestLine(bytes, count: lineEnd) else { return "" }
        return bytes.extracting(line.targetRange).text
    }

    /// The same head with another `Host`.
    func naming(_ host: String) -> OutgoingHead {
        guard !self.hostValue.isEmpty, let before = self.bytes.getSlice(at: 0, length: self.hostValue.lowerBound),
            let after = self.bytes.getSlice(
                at: self.hostValue.upperBound,
                length: self.bytes.writerIndex - self.hostValue.upperBound
            )
        else { return self }
        var bytes = ByteBufferAllocator().buffer(capacity: self.bytes.readableBytes + host.utf8.count)
        bytes.writeImmutableBuffer(before)
        bytes.writeFieldValue(host)
        let end = bytes.writerIndex
        bytes.writeImmutableBuffer(after)
        var head = OutgoingHead(
            bytes: bytes,
            method: self.method,
            framing: self.framing,
            hostValue: self.hostValue.lowerBound..<end
        )
        head.spanID = self.spanID.map { $0 + end - self.hostValue.upperBound }
        head.upgrade = self.upgrade
        return head
    }
}

/// Why a request is not forwarded.
package enum ForwardingRefusal: Error, Hashable, Sendable {
    /// The request came through this proxy before: 508 (F6).
    case loop
    /// TRACE or CONNECT: 405 with `Allow` (F7, R10).
    case methodNotAllowed
    /// `Max-Forwards: 0` on OPTIONS: answered here with 204 and `Allow` (F7).
    case maxForwardsReached
    /// The path only comes to the prefix that is to be taken off by a detour: 400.
    case prefixNotFound
}

/// Makes the upstream's request out of the client's (F1–F8, X1–X5).
package enum ForwardedRequest {
    /// Fields that end at this hop, and fields the proxy writes itself.
    private static let droppedFields: UInt64 =
        HopByHop.fields | KnownField.host.bit | KnownField.contentLength.bit
        | KnownField.proxyAuthorization.bit | KnownField.forwarded.bit | KnownField.xForwardedFor.bit
        | KnownField.xForwardedHost.bit | KnownField.xForwardedPort.bit | KnownField.xForwardedProto.bit
        | KnownField.xRealIP.bit | KnownField.xRequestID.bit | KnownField.expect.bit | KnownField.maxForwards.bit

    /// Writes the outgoing head.
    ///
    /// - Parameters:
    ///   - head: The client's.
    ///   - rules: Of the upstream.
    ///   - context: What the proxy found out.
    /// - Returns: The head.
    /// - Throws: ``ForwardingRefusal`` if the request must be answered here instead.
    package static func head(
        from head: RequestHead,
        rules: ForwardingRules,
        context: ForwardingContext
    ) throws(ForwardingRefusal) -> OutgoingHead {
        if head.method == .trace || head.method == .connect { throw .methodNotAllowed }
        guard !ViaField.names(rules.pseudonym, in: head.fields) else { throw .loop }
        let hopsLeft = try ForwardedRequest.hopsLeft(head)
        var bytes = HeadBytes(capacity: head.fields.received.readableBytes + 512)
        let hostValue = try ForwardedRequest.writeRequestLine(head, rules, to: &bytes)
        ForwardedRequest.writeClientFields(head.fields, rules, context, to: &bytes)
        if let hopsLeft { bytes.append(text: "Max-Forwards: \(hopsLeft)\r\n") }
        switch head.version {
        case .http10: bytes.append("Via: 1.0 ")
        case .http11: bytes.append("Via: 1.1 ")
        case .http2: bytes.append("Via: 2.0 ")
        }
        bytes.append(fieldValue: rules.pseudonym)
        bytes.append("\r\n")
        ForwardedFields.write(head, rules.forwardedStyle, context, to: &bytes)
        bytes.appendLine("X-Request-Id", context.requestID)
        if let field = context.certificateField, let certificate = context.certificate {
            bytes.appendLine(field.text, ClientCertificateField.value(of: certificate))
        }
        var spanID: Int?
        switch context.trace {
        case .asReceived, .none: break
        case .replaced(let parent, let state): spanID = bytes.appendTrace(parent, state)
        }
        for (name, value) in context.identity { bytes.appendLine(name.text, value) }
        for (name, value) in rules.injected { bytes.appendLine(name.text, value) }
        if let upgrade = context.upgrade {
            bytes.append("Connection: Upgrade\r\n")
            bytes.appendLine("Upgrade", upgrade)
        }
        ForwardedRequest.writeFraming(head, to: &bytes)
        var outgoing = OutgoingHead(
            bytes: bytes.buffer,
            method: head.method,
            framing: head.framing,
            hostValue: hostValue
        )
        outgoing.spanID = spanID
        outgoing.upgrade = context.upgrade
        return outgoing
    }

    /// What `Max-Forwards` becomes; it means something for OPTIONS only, elsewhere it is dropped.
    private static func hopsLeft(_ head: RequestHead) throws(ForwardingRefusal) -> Int64? {
        guard head.method == .options, let value = head.fields.withBytes(of: .maxForwards, { $0.decimalValue }) else {
            return nil
        }
        guard let hops = value else { return nil }
        guard hops > 0 else { throw .maxForwardsReached }
        return hops - 1
    }

    /// Writes the request line and `Host`.
    ///
    /// - Returns: Where the value of `Host` is; empty if no target may replace it.
    private static func writeRequestLine(
        _ head: RequestHead,
        _ rules: ForwardingRules,
        to bytes: inout HeadBytes
    ) throws(ForwardingRefusal) -> Range<Int> {
        bytes.append(text: head.method.text)
        bytes.append(" ")
        if head.target.form != .asterisk { bytes.append(text: rules.pathPrefix) }
        if let path = rules.path, head.target.form != .asterisk {
            try ForwardedRequest.writeTarget(head.target, path, to: &bytes)
        } else {
            let target = head.target.bytes
            bytes.append(target.readableBytesUInt8Span)
        }
        bytes.append(" HTTP/1.1\r\nHost: ")
        let start = bytes.count
        switch rules.hostPolicy {
        case .upstream(let host): bytes.append(fieldValue: host)
        case .preserve: bytes.append(fieldValue: head.host)
        case .fixed(let host):
            bytes.append(fieldValue: host)
            bytes.append("\r\n")
            return 0..<0
        }
        let end = bytes.count
        bytes.append("\r\n")
        return start..<end
    }

    private static func writeTarget(
        _ target: RequestTarget,
        _ rewrite: PathRewrite,
        to bytes: inout HeadBytes
    ) throws(ForwardingRefusal) {
        let sent = target.bytes.readableBytesUInt8Span
        guard let count = rewrite.prefixCount(of: sent.extracting(0..<target.pathCount)) else { throw .prefixNotFound }
        bytes.append(text: rewrite.add)
        if count == target.pathCount, rewrite.add.isEmpty { bytes.append("/") }
        bytes.append(sent.extracting(droppingFirst: count))
    }

    private static func writeClientFields(
        _ fields: FieldSection,
        _ rules: ForwardingRules,
        _ context: ForwardingContext,
        to bytes: inout HeadBytes
    ) {
        var dropped = ForwardedRequest.droppedFields | rules.removedKnown
        switch context.authorization {
        case .ours: dropped |= KnownField.authorization.bit
        case .upstreams: break
        }
        switch context.trace {
        case .asReceived: break
        case .none, .replaced: dropped |= KnownField.traceParent.bit | KnownField.traceState.bit
        }
        for (name, _) in rules.injected where name.known != 0 { dropped |= 1 << UInt64(name.known) }
        let nominated = HopByHop.nominated(by: fields)
        // No more than is needed: what a closure refers to is copied.
        let own = OwnNames(rules, certificate: context.certificateField)
        fields.write(to: &bytes) { entry in
            if entry.known != 0 {
                guard dropped & (1 << UInt64(entry.known)) == 0 else { return false }
                return ForwardedRequest.stays(entry) || !nominated.contains(entry, fields)
            }
            return !nominated.contains(entry, fields) && !own.contains(entry, fields)
        }
    }

    /// Whether a field does not vanish because `Connection` names it (F3).
    private static func stays(_ entry: FieldSection.Entry) -> Bool {
        entry.known == KnownField.via.rawValue || entry.known == KnownField.authorization.rawValue
    }

    private static func writeFraming(_ head: RequestHead, to bytes: inout HeadBytes) {
        switch head.framing {
        case .chunked: bytes.append("Transfer-Encoding: chunked\r\n")
        case .length(let length):
            bytes.appendLine("Content-Length", String(length))
        case .none:
            switch head.method {
            case .post, .put, .patch: bytes.append("Content-Length: 0\r\n")
            case .get, .head, .delete, .options, .trace, .connect, .other: break
            }
        }
        if head.wantsTrailers { bytes.append("TE: trailers\r\nConnection: TE\r\n") }
        bytes.append("\r\n")
    }
}

/// The names of unknown fields that only the proxy may set.
struct OwnNames {
    private let identity: [FieldName]
    private let injected: [(name: FieldName, value: String)]
    private let certificate: FieldName?

    init(_ rules: ForwardingRules, certificate: FieldName?) {
        self.identity = rules.identityNames
        self.injected = rules.injected
        self.certificate = certificate
    }

    /// Whether the field has such a name, in this spelling or with `_` for `-` (R18, X5).
    func contains(_ entry: FieldSection.Entry, _ fields: FieldSection) -> Bool {
        fields.withBytes(ofName: entry) { name in
            if let other = self.certificate, name.collides(with: other) { return true }
            for own in self.identity where name.collides(with: own) { return true }
            for own in self.injected where name.collides(with: own.name) { return true }
            return name.hasUnderscore && OwnNames.trusted.contains { name.collides(with: $0) }
        }
    }

    /// Names an upstream may trust; with `_` they look the same to CGI-like servers.
    private static let trusted: [FieldName] = [
        .authorization, .forwarded, .host, .contentLength, .transferEncoding, .xForwardedFor, .xForwardedHost,
        .xForwardedPort, .xForwardedProto, .xRealIP, .xRequestID, .via, .proxyAuthorization, .connection,
    ]
}

extension Span<UInt8> {
    fileprivate var hasUnderscore: Bool {
        for index in self.indices where self[index] == 0x5F { return true }
        return false
    }

    /// Tells whether the bytes spell this name, case and the difference of `_` and `-` aside.
    fileprivate func collides(with name: FieldName) -> Bool {
        let other = name.text.utf8Span.span
        guard self.count == other.count else { return false }
        for index in self.indices {
            let (left, right) = (self[index].asciiLowercased, other[index].asciiLowercased)
            if left == right { continue }
            guard left == 0x5F || left == 0x2D, right == 0x5F || right == 0x2D else { return false }
        }
        return true
    }
}
