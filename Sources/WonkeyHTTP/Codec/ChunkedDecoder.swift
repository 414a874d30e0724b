internal import NIOCore

/// Decodes the chunked coding, strictly (B7, RFC 9112 §7.1).
///
/// Pure and incremental: takes what it can off the input and says what it was.
struct ChunkedDecoder {
    enum Part {
        case incomplete
        case data(ByteBuffer)
        case end(trailers: FieldSection?)
        case malformed
    }

    private enum State: Equatable {
        case size(value: Int64, digits: Int)
        case chunkExtension(size: Int64)
        case sizeLineFeed(size: Int64)
        case data(left: Int64)
        case dataCarriageReturn
        case dataLineFeed
        case trailers
        case ended
    }

    /// 2^60, far beyond any limit and far from overflow.
    private static let sizeDigitsMax = 15

    private var state = State.size(value: 0, digits: 0)
    private var extensionBytes = 0
    private var trailerScanner: HeadScanner
    private let trailerCountMax: Int
    /// Bytes of extensions in one message.
    private let extensionBytesMax: Int

    init(trailerBytesMax: Int, trailerCountMax: Int, extensionBytesMax: Int = 1024) {
        self.extensionBytesMax = extensionBytesMax
        self.trailerScanner = HeadScanner(firstLineMax: nil, sectionMax: trailerBytesMax)
        self.trailerCountMax = trailerCountMax
    }

    /// Takes the next part off `input`; call again until it says incomplete, end or malformed.
    mutating func next(_ input: inout ByteBuffer) -> Part {
        while true {
            switch self.state {
            case .data(let left):
                guard input.readableBytes > 0 else { return .incomplete }
                let count = Int(min(left, Int64(input.readableBytes)))
                guard let slice = input.readSlice(length: count) else { return .incomplete }
                self.state = left == Int64(count) ? .dataCarriageReturn : .data(left: left - Int64(count))
                return .data(slice)
            case .trailers: return self.readTrailers(&input)
            case .ended: return .end(trailers: nil)
            case .size, .chunkExtension, .sizeLineFeed, .dataCarriageReturn, .dataLineFeed:
                guard let byte = input.readInteger(as: UInt8.self) else { return .incomplete }
                guard self.framingByteReceived(byte) else { return .malformed }
            }
        }
    }

    /// Advances by a byte that is not data; `false` if it has no business there.
    private mutating func framingByteReceived(_ byte: UInt8) -> Bool {
        switch self.state {
        case .size(let value, let digits): return self.sizeByteReceived(byte, value, digits)
        case .chunkExtension(let size):
            self.extensionBytes += 1
            guard self.extensionBytes <= self.extensionBytesMax else { return false }
            if byte == .carriageReturn {
                self.state = .sizeLineFeed(size: size)
                return true
            }
            return byte >= 0x20 && byte != 0x7F || byte == .tab
        case .sizeLineFeed(let size):
            self.state = size == 0 ? .trailers : .data(left: size)
            return byte == .lineFeed
        case .dataCarriageReturn:
            self.state = .dataLineFeed
            return byte == .carriageReturn
        case .dataLineFeed:
            self.state = .size(value: 0, digits: 0)
            return byte == .lineFeed
        case .data, .trailers, .ended: return false
        }
    }

    private mutating func sizeByteReceived(_ byte: UInt8, _ value: Int64, _ digits: Int) -> Bool {
        if let digit = byte.hexadecimalValue {
            guard digits < ChunkedDecoder.sizeDigitsMax else { return false }
            self.state = .size(value: value << 4 | Int64(digit), digits: digits + 1)
            return true
        }
        guard digits > 0 else { return false }
        if byte == .carriageReturn {
            self.state = .sizeLineFeed(size: value)
            return true
        }
        self.state = .chunkExtension(size: value)
        return byte == 0x3B
    }

    private mutating func readTrailers(_ input: inout ByteBuffer) -> Part {
        switch self.trailerScanner.scan(input.readableBytesUInt8Span) {
        case .incomplete: return .incomplete
        case .bareLineFeed, .firstLineTooLong, .sectionTooLong: return .malformed
        case .complete(let count, _):
            guard let bytes = input.readSlice(length: count) else { return .incomplete }
            self.state = .ended
            guard count > 2 else { return .end(trailers: nil) }
            let entries = try? FieldLineParser.parse(
                bytes.readableBytesUInt8Span,
                from: 0,
                countMax: self.trailerCountMax
            )
            guard let entries else { return .malformed }
            return .end(trailers: FieldSection(received: bytes, entries: entries))
        }
    }
}
