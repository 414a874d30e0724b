/// Where a request stands in a distributed trace, as `traceparent` tells it.
///
/// - SeeAlso: W3C Trace Context §3.2.
package struct TraceParent: Hashable, Sendable {
    package var traceID: TraceID
    /// The span of whoever sent it: the parent of what the receiver does.
    package var spanID: SpanID
    /// Whether the sender records the trace.
    package var isSampled: Bool
    /// Whether the sender says that the trace's id is random (level 2), which is passed on.
    package var isRandom: Bool

    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool, isRandom: Bool = false) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.isRandom = isRandom
    }

    private static let count = 55

    /// Reads a field value; `nil` if it is not valid.
    ///
    /// Of versions above 00 the first 55 bytes are read, if nothing or a `-` follows them.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count >= Self.count, bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"),
            bytes[52] == UInt8(ascii: "-"), let version = Self.number(bytes, 0..<2), version != 0xFF,
            let high = Self.number(bytes, 3..<19), let low = Self.number(bytes, 19..<35),
            let traceID = TraceID(high: high, low: low), let span = Self.number(bytes, 36..<52),
            let spanID = SpanID(span), let flags = Self.number(bytes, 53..<55)
        else { return nil }
        if bytes.count > Self.count {
            guard version > 0, bytes[Self.count] == UInt8(ascii: "-") else { return nil }
        }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 != 0, isRandom: flags & 2 != 0)
    }

    /// Reads lower-case hexadecimal digits.
    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        var number: UInt64 = 0
        for index in range {
            let digit: UInt8
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
            default: return nil
            }
            number = number << 4 | UInt64(digit)
        }
        return number
    }

    /// The field value, of version 00.
    package var text: String {
        var text = "00-"
        text.reserveCapacity(Self.count)
        text.appendHexadecimal(self.traceID.high)
        text.appendHexadecimal(self.traceID.low)
        text += "-"
        text.appendHexadecimal(self.spanID.number)
        text += self.isRandom ? (self.isSampled ? "-03" : "-02") : (self.isSampled ? "-01" : "-00")
        return text
    }
}
