internal import NIOCore

extension UInt8 {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let comma: UInt8 = 0x2C
    static let slash: UInt8 = 0x2F
    static let colon: UInt8 = 0x3A

    /// The byte with `A`–`Z` made lower case and all others left alone.
    @inline(__always)
    var asciiLowercased: UInt8 {
        self &- 0x41 < 26 ? self | 0x20 : self
    }

    /// Whether the byte may stand in a token (RFC 9110 §5.6.2).
    @inline(__always)
    var isTokenByte: Bool {
        // Bits 0–63 and 64–127 of the set !#$%&'*+-.^_`|~ with digits and letters.
        let mask: UInt64 = self < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return self < 128 && (mask &>> UInt64(self & 63)) & 1 == 1
    }

    @inline(__always)
    var isDigit: Bool { self &- 0x30 < 10 }

    @inline(__always)
    var isWhitespace: Bool { self == .space || self == .tab }

    /// The value of a hexadecimal digit.
    @inline(__always)
    var hexadecimalValue: UInt8? {
        if self.isDigit { return self &- 0x30 }
        let letter = self | 0x20
        return letter &- 0x61 < 6 ? letter &- 0x57 : nil
    }
}

extension Span<UInt8> {
    /// Tells whether the bytes equal `other`, which is lower case already, without regard to ASCII case.
    @inline(__always)
    func equalsLowercased(_ other: Span<UInt8>) -> Bool {
        guard self.count == other.count else { return false }
        for index in self.indices where self[index].asciiLowercased != other[index] { return false }
        return true
    }

    /// Tells whether the bytes equal `word`, which is lower case already, without regard to ASCII case.
    @inline(__always)
    func isWord(_ word: [UInt8]) -> Bool {
        self.equalsLowercased(word.span)
    }

    /// The bytes as text; invalid UTF-8 is repaired.
    var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(self.count)
        for index in self.indices { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes as text in ASCII lower case; invalid UTF-8 is repaired.
    var lowercasedText: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(self.count)
        for index in self.indices { bytes.append(self[index].asciiLowercased) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The range without white space at both ends.
    @inline(__always)
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isWhitespace { start += 1 }
        while start < end, self[end - 1].isWhitespace { end -= 1 }
        return start..<end
    }

    /// Calls `body` with each element of a comma-separated list (RFC 9110 §5.6.1), trimmed, empty ones left out.
    ///
    /// Commas within quoted strings do not separate.
    @inline(__always)
    func forEachListElement(_ body: (Span<UInt8>) -> Void) {
        var start = 0
        var isQuoted = false
        var index = 0
        while index <= self.count {
            if index == self.count || (self[index] == .comma && !isQuoted) {
                let element = self.trimmed(start..<index)
                if !element.isEmpty { body(self.extracting(element)) }
                start = index + 1
            } else if self[index] == 0x22 {
                isQuoted.toggle()
            } else if self[index] == 0x5C, isQuoted {
                index += 1
            }
            index += 1
        }
    }

    /// The number written as digits only, `nil` if it is none or too large (B5).
    var decimalValue: Int64? {
        guard !self.isEmpty else { return nil }
        var value: Int64 = 0
        for index in self.indices {
            guard self[index].isDigit else { return nil }
            let (shifted, overflowsShift) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsSum) = shifted.addingReportingOverflow(Int64(self[index] &- 0x30))
            guard !overflowsShift, !overflowsSum else { return nil }
            value = sum
        }
        return value
    }
}

/// Words compared with received bytes, in lower case.
enum Words {
    static let chunked = Array("chunked".utf8)
    static let close = Array("close".utf8)
    static let continueExpectation = Array("100-continue".utf8)
    static let http = Array("http://".utf8)
    static let https = Array("https://".utf8)
    static let keepAlive = Array("keep-alive".utf8)
    static let trailers = Array("trailers".utf8)
}

extension ByteBuffer {
    /// Writes a number in decimal without making a string.
    mutating func writeDecimal(_ number: Int64) {
        guard number >= 10 else {
            self.writeInteger(UInt8(0x30 + max(0, number)))
            return
        }
        var (divisor, rest): (Int64, Int64) = (1, number)
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            self.writeInteger(UInt8(0x30 + rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Writes a number in hexadecimal.
    mutating func writeHexadecimal(_ number: Int) {
        var shift = 60
        while shift > 0, number >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8((number >> shift) & 15)
            self.writeInteger(digit < 10 ? 0x30 + digit : 0x57 + digit)
            shift -= 4
        }
    }
}
