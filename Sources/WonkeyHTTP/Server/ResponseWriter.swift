internal import NIOCore

/// Decides how an answer is framed and writes its head.
enum ResponseWriter {
    /// How body bytes reach the client.
    enum Framing: Equatable {
        /// Whatever is written is dropped (HEAD, 204, 304).
        case none
        case length(left: Int64)
        case chunked
        /// The end of the connection is the end of the body (HTTP/1.0 clients).
        case untilClose
    }

    /// What the head says besides the handler's own fields.
    struct Plan: Equatable {
        var framing: Framing
        var contentLength: Int64?
        var isChunked = false
        var closes: Bool
        var saysKeepAlive = false
    }

    private static let ownFields: UInt64 =
        KnownField.connection.bit | KnownField.contentLength.bit | KnownField.transferEncoding.bit
        | KnownField.keepAlive.bit | KnownField.proxyConnection.bit

    /// Decides the framing (B13, F15).
    ///
    /// - Parameters:
    ///   - body: What the handler declared.
    ///   - status: Of the answer.
    ///   - method: Of the request.
    ///   - version: Of the request.
    ///   - closes: Whether the connection ends after the answer anyway.
    /// - Returns: The plan.
    static func plan(
        body: BodyFraming,
        status: Int,
        method: Method,
        version: HTTPVersion,
        closes: Bool
    ) -> Plan {
        var plan = Plan(framing: .none, closes: closes)
        if status == 204 || status < 200 {
            // Neither a body nor framing fields.
        } else if method == .head || status == 304 {
            if case .length(let length) = body { plan.contentLength = length }
        } else {
            switch body {
            case .none:
                // The end of an HTTP/2 stream says that there is none.
                plan.contentLength = version == .http2 ? nil : 0
                plan.framing = .length(left: 0)
            case .length(let length):
                plan.contentLength = length
                plan.framing = .length(left: length)
            case .chunked where version != .http10:
                plan.isChunked = true
                plan.framing = .chunked
            case .chunked:
                plan.closes = true
                plan.framing = .untilClose
            }
        }
        plan.saysKeepAlive = version == .http10 && !plan.closes
        return plan
    }

    /// Writes a final head.
    static func write(_ head: ResponseHead, _ plan: Plan, date: ByteBuffer, to buffer: inout ByteBuffer) {
        ResponseWriter.writeStatusLine(head, to: &buffer)
        var hasDate = false
        head.fields.write(to: &buffer) { entry in
            if entry.known == KnownField.date.rawValue { hasDate = true }
            return ResponseWriter.ownFields & (1 << UInt64(entry.known)) == 0
        }
        if !hasDate { buffer.writeImmutableBuffer(date) }
        if let length = plan.contentLength {
            buffer.writeStaticString("Content-Length: ")
            buffer.writeDecimal(length)
            buffer.writeStaticString("\r\n")
        }
        if plan.isChunked { buffer.writeStaticString("Transfer-Encoding: chunked\r\n") }
        if plan.closes {
            buffer.writeStaticString("Connection: close\r\n")
        } else if plan.saysKeepAlive {
            buffer.writeStaticString("Connection: keep-alive\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// Writes the whole answer to a request that never became one.
    static func writeRefusal(_ fault: RequestParser.Fault, date: ByteBuffer, to buffer: inout ByteBuffer) {
        let body = ProblemDocument(status: fault.status, detail: fault.reason.detail).json()
        var head = ResponseHead(status: fault.status)
        head.fields.append(.contentType, "application/problem+json")
        head.fields.append(.cacheControl, "no-store")
        let plan = ResponseWriter.plan(
            body: .length(Int64(body.count)),
            status: fault.status,
            method: .get,
            version: .http11,
            closes: true
        )
        ResponseWriter.write(head, plan, date: date, to: &buffer)
        buffer.writeBytes(body)
    }

    /// Writes a 1xx head, which has neither framing nor `Date`.
    static func writeInformational(_ head: ResponseHead, to buffer: inout ByteBuffer) {
        ResponseWriter.writeStatusLine(head, to: &buffer)
        head.fields.write(to: &buffer) { ResponseWriter.ownFields & (1 << UInt64($0.known)) == 0 }
        if head.status == 101 { buffer.writeStaticString("Connection: Upgrade\r\n") }
        buffer.writeStaticString("\r\n")
    }

    private static func writeStatusLine(_ head: ResponseHead, to buffer: inout ByteBuffer) {
        if head.status == 200, head.reason.isEmpty || head.reason == "OK" {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
            return
        }
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeDecimal(Int64(head.status))
        buffer.writeStaticString(" ")
        buffer.writeFieldValue(head.reason.isEmpty ? StatusPhrase.text(head.status) : head.reason)
        buffer.writeStaticString("\r\n")
    }
}

extension KnownField {
    /// A set of known fields is a word with these bits; there are fewer than 64.
    var bit: UInt64 { 1 << UInt64(self.rawValue) }
}
