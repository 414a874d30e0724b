internal import NIOCore

/// A request-line cut into its three parts (RFC 9112 §3).
struct RequestLine {
    var method: Method
    /// Where the target stands in the head.
    var targetRange: Range<Int>
    var version: HTTPVersion

    /// Parses the first `count` bytes.
    init(_ bytes: Span<UInt8>, count: Int) throws(RequestParser.Fault) {
        let malformed = RequestParser.Fault(status: 400, reason: .requestLine)
        var index = 0
        while index < count, bytes[index].isTokenByte { index += 1 }
        guard index > 0, index < count, bytes[index] == .space else { throw malformed }
        guard !RequestParser.isMethodTooLong(index) else {
            throw RequestParser.Fault(status: 501, reason: .methodTooLong)
        }
        self.method = Method(bytes.extracting(0..<index))
        index += 1
        let targetStart = index
        while index < count, bytes[index] > 0x20, bytes[index] < 0x7F { index += 1 }
        guard index > targetStart, index < count, bytes[index] == .space else { throw malformed }
        self.targetRange = targetStart..<index
        self.version = try RequestLine.version(bytes.extracting(index + 1..<count))
        if self.method == .connect { throw RequestParser.Fault(status: 501, reason: .connect) }
    }

    /// Reads `HTTP/d.d`; other majors than 1 are 505 (R17).
    private static func version(_ bytes: Span<UInt8>) throws(RequestParser.Fault) -> HTTPVersion {
        guard bytes.count == 8, bytes[0] == 0x48, bytes[1] == 0x54, bytes[2] == 0x54, bytes[3] == 0x50,
            bytes[4] == .slash, bytes[5].isDigit, bytes[6] == 0x2E, bytes[7].isDigit
        else { throw RequestParser.Fault(status: 400, reason: .requestLine) }
        guard bytes[5] == 0x31 else { throw RequestParser.Fault(status: 505, reason: .version) }
        return bytes[7] == 0x30 ? .http10 : .http11
    }

    /// Reads the target, and the authority of an absolute-form one.
    func target(in head: ByteBuffer) throws(RequestParser.Fault) -> (RequestTarget, authority: String?) {
        let malformed = RequestParser.Fault(status: 400, reason: .target)
        let bytes = head.readableBytesUInt8Span
        for index in self.targetRange where bytes[index] == 0x23 { throw malformed }  // no fragment
        let first = bytes[self.targetRange.lowerBound]
        if first == .slash {
            return (RequestTarget(form: .origin, range: self.targetRange, in: head), nil)
        }
        if first == 0x2A {
            guard self.targetRange.count == 1, self.method == .options else { throw malformed }
            return (RequestTarget(form: .asterisk, range: self.targetRange, in: head), nil)
        }
        let target = bytes.extracting(self.targetRange)
        let schemeCount: Int
        if target.count > 7, target.extracting(0..<7).isWord(Words.http) {
            schemeCount = 7
        } else if target.count > 8, target.extracting(0..<8).isWord(Words.https) {
            schemeCount = 8
        } else {
            throw malformed
        }
        var end = schemeCount
        while end < target.count, target[end] != .slash, target[end] != 0x3F { end += 1 }
        guard let authority = Authority.parse(target.extracting(schemeCount..<end)) else { throw malformed }
        let start = self.targetRange.lowerBound + end
        return (RequestTarget(form: .absolute, range: start..<self.targetRange.upperBound, in: head), authority)
    }
}

extension RequestTarget {
    /// Takes the bytes at `range` of a head, with `/` for an empty path.
    init(form: Form, range: Range<Int>, in head: ByteBuffer) {
        let slice = head.getSlice(at: head.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
        var bytes = slice
        if form == .absolute, slice.readableBytesView.first != .slash {
            bytes = ByteBuffer(string: "/")
            bytes.writeImmutableBuffer(slice)
        }
        self.form = form
        self.bytes = bytes
        let span = bytes.readableBytesUInt8Span
        var count = 0
        while count < span.count, span[count] != 0x3F { count += 1 }
        self.pathCount = count
    }
}
