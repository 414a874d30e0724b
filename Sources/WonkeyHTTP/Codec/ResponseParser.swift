internal import NIOCore

/// Cuts response heads out of what an upstream sends, strictly (B11–B13, R11, R12).
struct ResponseParser {
    /// Where the body of a received response ends.
    enum Framing: Equatable {
        case none
        case length(Int64)
        case chunked
        case untilClose
    }

    struct Received {
        var head: ResponseHead
        /// What the fields declare, also where no body follows (HEAD, 304).
        var declared: BodyFraming
        var framing: Framing
        /// Whether the upstream keeps the connection open after this response.
        var keepsAlive: Bool
    }

    enum Outcome {
        case incomplete
        case head(Received)
        case malformed
    }

    private let headBytesMax: Int
    private let fieldCountMax: Int
    private var scanner: HeadScanner

    init(headBytesMax: Int, fieldCountMax: Int) {
        self.headBytesMax = headBytesMax
        self.fieldCountMax = fieldCountMax
        self.scanner = HeadScanner(firstLineMax: headBytesMax, sectionMax: headBytesMax)
    }

    /// Takes the next head off `input`.
    ///
    /// - Parameters:
    ///   - input: All unread bytes.
    ///   - method: Of the request, which decides whether a body follows.
    /// - Returns: The head, or what keeps it from being one.
    mutating func parse(_ input: inout ByteBuffer, method: Method) -> Outcome {
        guard input.readableBytes > 0 else { return .incomplete }
        switch self.scanner.scan(input.readableBytesUInt8Span) {
        case .incomplete: return .incomplete
        case .bareLineFeed, .firstLineTooLong, .sectionTooLong: return .malformed
        case .complete(let count, let firstLineCount):
            self = Self(headBytesMax: self.headBytesMax, fieldCountMax: self.fieldCountMax)
            guard let bytes = input.readSlice(length: count),
                let line = StatusLine(bytes.readableBytesUInt8Span, count: firstLineCount),
                let entries = try? FieldLineParser.parse(
                    bytes.readableBytesUInt8Span,
                    from: firstLineCount + 2,
                    countMax: self.fieldCountMax
                )
            else { return .malformed }
            let head = ResponseHead(
                status: line.status,
                reason: bytes.readableBytesUInt8Span.extracting(line.reasonRange).text,
                fields: FieldSection(received: bytes, entries: entries)
            )
            return ResponseParser.framed(head, line.version, method)
        }
    }

    private static func framed(_ head: ResponseHead, _ version: HTTPVersion, _ method: Method) -> Outcome {
        var options = ConnectionOptions()
        for entry in head.fields.entries where entry.known == KnownField.connection.rawValue {
            head.fields.withBytes(of: entry) { options.read($0) }
        }
        let keepsAlive = options.keepsAlive(version)
        if head.status < 200 || head.status == 204 {
            return .head(Received(head: head, declared: .none, framing: .none, keepsAlive: keepsAlive))
        }
        guard let declared = try? MessageFraming.declared(head.fields, version: version) else { return .malformed }
        let hasNoBody = method == .head || head.status == 304
        let (outward, framing): (BodyFraming, Framing) =
            switch declared {
            case .nothing: hasNoBody ? (.none, .none) : (.chunked, .untilClose)
            case .length(let length): (.length(length), length == 0 ? .none : .length(length))
            case .chunked: (.chunked, .chunked)
            }
        return .head(
            Received(
                head: head,
                declared: outward,
                framing: hasNoBody ? .none : framing,
                keepsAlive: keepsAlive && (hasNoBody || framing != .untilClose)
            )
        )
    }
}

/// `HTTP/1.x 200 reason` (RFC 9112 §4).
private struct StatusLine {
    var status: Int
    var version: HTTPVersion
    var reasonRange: Range<Int>

    init?(_ bytes: Span<UInt8>, count: Int) {
        guard count >= 12, bytes[0] == 0x48, bytes[1] == 0x54, bytes[2] == 0x54, bytes[3] == 0x50,
            bytes[4] == .slash, bytes[5] == 0x31, bytes[6] == 0x2E, bytes[7].isDigit, bytes[8] == .space,
            bytes[9] &- 0x31 < 9, bytes[10].isDigit, bytes[11].isDigit, count == 12 || bytes[12] == .space
        else { return nil }
        self.version = bytes[7] == 0x30 ? .http10 : .http11
        self.status = Int(bytes[9] &- 0x30) * 100 + Int(bytes[10] &- 0x30) * 10 + Int(bytes[11] &- 0x30)
        self.reasonRange = min(13, count)..<count
        for index in self.reasonRange where bytes[index] < 0x20 && bytes[index] != .tab || bytes[index] == 0x7F {
            return nil
        }
    }
}
