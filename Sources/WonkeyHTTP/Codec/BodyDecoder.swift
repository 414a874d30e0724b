internal import NIOCore

/// Cuts one body out of a byte stream.
struct BodyDecoder {
    private enum State {
        case length(left: Int64)
        case chunked(ChunkedDecoder)
        /// Ends with the connection; responses only.
        case untilClose
        case ended
    }

    private var state: State

    /// A body of a known length, or none.
    init(length: Int64) {
        self.state = length == 0 ? .ended : .length(left: length)
    }

    init(chunked: ChunkedDecoder) {
        self.state = .chunked(chunked)
    }

    private init(state: State) {
        self.state = state
    }

    static var untilClose: Self { Self(state: .untilClose) }

    var isEnded: Bool {
        switch self.state {
        case .ended: true
        case .length, .chunked, .untilClose: false
        }
    }

    var endsWithConnection: Bool {
        switch self.state {
        case .untilClose: true
        case .length, .chunked, .ended: false
        }
    }

    /// Bytes still to come, if that is known.
    var bytesLeft: Int64? {
        switch self.state {
        case .ended: 0
        case .length(let left): left
        case .chunked, .untilClose: nil
        }
    }

    /// Takes the next part off `input`; call again until it says incomplete, end or malformed.
    mutating func next(_ input: inout ByteBuffer) -> ChunkedDecoder.Part {
        switch self.state {
        case .ended: return .end(trailers: nil)
        case .untilClose:
            guard input.readableBytes > 0 else { return .incomplete }
            return .data(BodyDecoder.takeAll(&input))
        case .length(let left):
            guard input.readableBytes > 0 else { return .incomplete }
            let count = Int(min(left, Int64(input.readableBytes)))
            self.state = left == Int64(count) ? .ended : .length(left: left - Int64(count))
            if count == input.readableBytes { return .data(BodyDecoder.takeAll(&input)) }
            return input.readSlice(length: count).map { .data($0) } ?? .incomplete
        case .chunked(var decoder):
            let part = decoder.next(&input)
            if case .end = part { self.state = .ended } else { self.state = .chunked(decoder) }
            return part
        }
    }

    /// Hands the whole buffer on, so that the socket's next read does not find it shared.
    private static func takeAll(_ input: inout ByteBuffer) -> ByteBuffer {
        let all = input
        input = ByteBuffer()
        return all
    }
}

/// What becomes of request bodies.
extension BodyDecoder {
    enum Discarded { case incomplete, ended, malformed }

    init(_ framing: BodyFraming, limits: ServerLimits) {
        switch framing {
        case .none: self.init(length: 0)
        case .length(let length): self.init(length: length)
        case .chunked:
            self.init(
                chunked: ChunkedDecoder(
                    trailerBytesMax: limits.fieldSectionBytesMax,
                    trailerCountMax: limits.fieldCountMax,
                    extensionBytesMax: limits.chunkExtensionBytesMax
                )
            )
        }
    }

    /// Drops as much of the body as `input` has.
    mutating func discard(_ input: inout ByteBuffer) -> Discarded {
        while true {
            switch self.next(&input) {
            case .incomplete: return .incomplete
            case .data: continue
            case .end: return .ended
            case .malformed: return .malformed
            }
        }
    }
}
