import NIOCore

/// Reads one answer after the other and keeps no more of it than its status.
///
/// For servers we start ourselves: an answer has a length or no body, and nothing comes unasked.
struct AnswerReader {
    enum Progress: Equatable {
        case incomplete
        case answered(status: Int)
        case malformed
    }

    private enum State {
        case head
        case body(status: Int, left: Int)
    }

    private var state = State.head

    /// Takes from the buffer what belongs to the answer.
    mutating func read(_ buffer: inout ByteBuffer) -> Progress {
        while true {
            switch self.state {
            case .head:
                guard let length = Self.headLength(buffer.readableBytesView) else { return .incomplete }
                guard let head = buffer.readString(length: length), let (status, body) = Self.parse(head) else {
                    return .malformed
                }
                self.state = .body(status: status, left: body)
            case .body(let status, let left):
                let taken = min(left, buffer.readableBytes)
                buffer.moveReaderIndex(forwardBy: taken)
                guard taken == left else {
                    self.state = .body(status: status, left: left - taken)
                    return .incomplete
                }
                self.state = .head
                return .answered(status: status)
            }
        }
    }

    private static func headLength(_ bytes: ByteBufferView) -> Int? {
        var last: (UInt8, UInt8, UInt8) = (0, 0, 0)
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A, last == (0x0D, 0x0A, 0x0D) { return index + 1 }
            last = (last.1, last.2, byte)
        }
        return nil
    }

    /// The status and the length of the body.
    private static func parse(_ head: String) -> (status: Int, body: Int)? {
        let bytes = head.utf8
        guard bytes.starts(with: "HTTP/1.1 ".utf8), let status = Int(head.dropFirst(9).prefix(3)) else { return nil }
        for line in bytes.split(separator: 0x0A) {
            let name = "content-length:"
            guard line.count > name.utf8.count,
                line.prefix(name.utf8.count).elementsEqual(name.utf8, by: { $0 | 0x20 == $1 | 0x20 })
            else { continue }
            let value = String(decoding: line.dropFirst(name.utf8.count), as: UTF8.self)
            return Int(value.filter { $0.isNumber }).map { (status, $0) }
        }
        return status == 204 || status == 304 ? (status, 0) : nil
    }
}
