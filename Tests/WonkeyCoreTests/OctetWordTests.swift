import Testing

@testable import WonkeyCore

@Suite("Eight bytes at once")
struct OctetWordTests {
    /// Every byte at every place among bytes that may mislead: 0, 0x7F, 0x80, 0xFF and a neighbour.
    private static func words(_ byte: UInt8) -> [[UInt8]] {
        ([0x00, 0x7F, 0x80, 0xFF, byte &+ 1, byte &- 1] as [UInt8]).flatMap { filler in
            (0..<8).map { place in (0..<8).map { $0 == place ? byte : filler } }
        }
    }

    @Test("a byte is found wherever it is, and no other for it", arguments: UInt8.min...UInt8.max)
    func contains(byte: UInt8) {
        for bytes in Self.words(byte) {
            guard let word = bytes.span.word(at: 0) else {
                Issue.record("eight bytes are a word")
                return
            }
            for sought in [byte, byte &+ 1, byte ^ 0x80, 0x0A, 0x7F] {
                #expect(word.contains(sought) == bytes.contains(sought), "\(sought) in \(bytes)")
            }
        }
    }

    @Test("lesser bytes are found wherever they are, and no others for them", arguments: UInt8.min...UInt8.max)
    func lesser(byte: UInt8) {
        for bytes in Self.words(byte) {
            guard let word = bytes.span.word(at: 0) else {
                Issue.record("eight bytes are a word")
                return
            }
            for bound in [1, 0x20, 0x7F, 0x80] as [UInt8] {
                #expect(word.containsLess(than: bound) == bytes.contains { $0 < bound }, "\(bound) in \(bytes)")
            }
        }
    }

    @Test("there is a word only where eight bytes are left")
    func bounds() {
        let bytes = [UInt8](repeating: 7, count: 11)
        let found = (-9...12).filter { bytes.span.word(at: $0) != nil }
        #expect(found == [0, 1, 2, 3])
        let few = [UInt8](repeating: 7, count: 7)
        #expect((-9...9).allSatisfy { few.span.word(at: $0) == nil })
    }
}

@Suite("Numbers in decimal")
struct DecimalTests {
    @Test(
        "a number has all its digits, and as many as are asked for",
        arguments: [0, 7, 10, 99, 100, 12_345, 9_999_999_999, UInt64.max],
        [1, 2, 3, 19, 20, 25]
    )
    func digits(number: UInt64, digits: Int) {
        var bytes = Array("x".utf8)
        bytes.appendDecimal(number, digits: digits)
        let text = String(number)
        let zeros = String(repeating: "0", count: max(0, min(digits, 20) - text.utf8.count))
        #expect(String(decoding: bytes, as: UTF8.self) == "x" + zeros + text)
    }
}
