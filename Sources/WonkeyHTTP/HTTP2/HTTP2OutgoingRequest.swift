internal import NIOCore
internal import NIOHPACK

/// Writes an upstream request, made for HTTP/1.1, as an HTTP/2 header section (RFC 9113 §8.3.1).
enum HTTP2OutgoingRequest {
    /// Not for an HTTP/2 connection, or said by the pseudo-header fields (RFC 9113 §8.2.2).
    private static let dropped: UInt64 = HopByHop.fields | KnownField.host.bit

    /// The header section of a head.
    ///
    /// - Parameters:
    ///   - head: As ``ForwardedRequest`` made it.
    ///   - scheme: `http` or `https`, of the upstream.
    /// - Returns: `nil` for what is no request head.
    static func headers(_ head: OutgoingHead, scheme: String) -> HPACKHeaders? {
        let bytes = head.bytes.readableBytesUInt8Span
        var lineEnd = 0
        while lineEnd + 1 < bytes.count, bytes[lineEnd] != .carriageReturn { lineEnd += 1 }
        guard lineEnd + 2 < bytes.count, let line = try? RequestLine(bytes, count: lineEnd),
            let entries = try? FieldLineParser.parse(bytes, from: lineEnd + 2, countMax: .max)
        else { return nil }
        let fields = FieldSection(received: head.bytes, entries: entries)
        var headers = HPACKHeaders([
            (":method", head.method.text),
            (":scheme", scheme),
            (":authority", fields.first(.host) ?? ""),
            (":path", bytes.extracting(line.targetRange).text),
        ])
        headers.reserveCapacity(entries.count + 4)
        var takesTrailers = false
        for entry in entries {
            if entry.known == KnownField.te.rawValue { takesTrailers = true }
            if Self.dropped & (1 << UInt64(entry.known)) == 0 { headers.add(fields, entry) }
        }
        if takesTrailers { headers.add(name: "te", value: "trailers") }
        return headers
    }
}

/// Makes a response head of an HTTP/2 header section (RFC 9113 §8.3.2).
enum HTTP2IncomingResponse {
    /// Reads a header section.
    ///
    /// - Parameters:
    ///   - headers: As decoded; the library has checked what it must.
    ///   - settings: Bounds the section.
    /// - Returns: `nil` for what is no response head.
    static func head(_ headers: HPACKHeaders, _ settings: UpstreamSettings) -> ResponseHead? {
        guard let text = headers.first(name: ":status"), text.utf8.count == 3, let status = Int(text),
            (100...999).contains(status), let fields = Self.fields(headers, settings)
        else { return nil }
        return ResponseHead(status: status, fields: fields)
    }

    /// Reads regular fields, as of a trailer section.
    static func fields(_ headers: HPACKHeaders, _ settings: UpstreamSettings) -> FieldSection? {
        var bytes = ByteBufferAllocator().buffer(capacity: 512)
        for (name, value, _) in headers where name.utf8.first != .colon {
            bytes.writeString(name)
            bytes.writeStaticString(": ")
            bytes.writeString(value)
            bytes.writeStaticString("\r\n")
        }
        guard bytes.readableBytes <= settings.headBytesMax else { return nil }
        bytes.writeStaticString("\r\n")
        let entries = try? FieldLineParser.parse(
            bytes.readableBytesUInt8Span,
            from: 0,
            countMax: settings.fieldCountMax
        )
        return entries.map { FieldSection(received: bytes, entries: $0) }
    }

    /// What the fields declare of the body, also where there is none.
    static func framing(_ head: ResponseHead, endsStream: Bool) -> BodyFraming? {
        guard let declared = try? MessageFraming.declared(head.fields, version: .http11) else { return nil }
        switch declared {
        case .length(let length): return .length(length)
        case .nothing: return endsStream ? BodyFraming.none : .chunked
        case .chunked: return nil
        }
    }
}
