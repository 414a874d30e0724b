import NIOCore
import Testing

@testable import WonkeyHTTP

@Suite("Bytes of fields")
struct FieldBytesTests {
    /// Bytes that field values may, may just, and may not have.
    private static let bytes: [UInt8] = [0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x20, 0x41, 0x7E, 0x7F, 0x80, 0xFF]

    private static func isAllowed(_ byte: UInt8) -> Bool { byte == 0x09 || byte >= 0x20 && byte != 0x7F }

    @Test("a value ends at its first forbidden byte, wherever that is", arguments: 0...40)
    func valueEnd(count: Int) {
        for place in 0...count {
            for byte in Self.bytes {
                for filler in Self.bytes where Self.isAllowed(filler) {
                    var value = [UInt8](repeating: filler, count: count)
                    if place < count { value[place] = byte }
                    let expected = value.firstIndex { !Self.isAllowed($0) } ?? count
                    #expect(value.span.fieldValueEnd(from: 0) == expected)
                    #expect(value.span.isFieldValue == (expected == count))
                }
            }
        }
    }

    @Test("a head is found however its lines lie, and however it arrives", arguments: 1...20)
    func heads(step: Int) {
        for name in 1...20 {
            let head = Array("GET / HTTP/1.1\r\n\(String(repeating: "n", count: name)): \u{e4}\r\na: b\r\n\r\n".utf8)
            var scanner = HeadScanner(firstLineMax: 100, sectionMax: 100)
            for end in stride(from: step, to: head.count, by: step) {
                #expect(scanner.scan(head.span.extracting(first: end)) == .incomplete)
            }
            #expect(scanner.scan(head.span) == .complete(count: head.count, firstLineCount: 14))
            for place in head.indices where head[place] == 0x0D {
                var broken = head
                broken[place] = 0x20
                var scanner = HeadScanner(firstLineMax: 100, sectionMax: 100)
                #expect(scanner.scan(broken.span) == .bareLineFeed)
            }
        }
    }

    @Test("whatever is written as a value stays on its line")
    func written() {
        var head = HeadBytes()
        head.append(fieldValue: "a\r\nb: \u{0}c\td\u{7f}\u{e4}0123456789")
        #expect(String(decoding: head.bytes, as: UTF8.self) == "a  b:  c\td \u{e4}0123456789")
    }
}
