import Testing

@testable import WonkeyHTTP

@Suite("PROXY protocol headers")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    private static func block(_ command: UInt8, _ family: UInt8, _ payload: [UInt8]) -> [UInt8] {
        Self.signature + [command, family, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
    }

    private static let inet: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x1F, 0x90, 0x00, 0x50]
    private static let inet6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 0, count: 16)
        + [0x1F, 0x90, 0x00, 0x50]

    private static func complete(_ ip: String?, _ port: Int, _ count: Int) -> ProxyHeader.Reading {
        .complete(ProxyHeader(client: ip.map { PeerAddress(ip: $0, port: port) }, byteCount: count))
    }

    @Test(
        "version 1",
        arguments: [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 8080 80\r\nGET", Self.complete("192.0.2.7", 8_080, 43)),
            ("PROXY TCP6 2001:db8::7 ::1 1 65535\r\n", Self.complete("2001:db8::7", 1, 36)),
            ("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 0\r\n", Self.complete("192.0.2.7", 1, 37)),
            ("PROXY UNKNOWN\r\n", Self.complete(nil, 0, 15)),
            ("PROXY UNKNOWN what ever\r\n", Self.complete(nil, 0, 25)),
            ("", .incomplete), ("P", .incomplete), ("PROXY TCP4 192.0.2.7", .incomplete),
            ("PROXY UNKNOWN\r", .incomplete),
            ("GET / HTTP/1.1\r\n", .malformed), ("PROXX", .malformed), ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", .malformed),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", .malformed), ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", .malformed),
            ("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", .malformed), ("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", .malformed),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", .malformed), ("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", .malformed),
            ("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", .malformed), ("PROXY TCP4 ::1 ::1 1 2\r\n", .malformed),
            ("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", .malformed), ("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", .malformed),
            ("PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n", .malformed), ("PROXY \r\n", .malformed),
            ("PROXY UNKNOWN \u{7f}\r\n", .malformed),
            ("PROXY UNKNOWN " + String(repeating: "a", count: 93), .malformed),
            ("PROXY UNKNOWN " + String(repeating: "a", count: 91) + "\r\n", Self.complete(nil, 0, 107)),
            ("PROXY UNKNOWN " + String(repeating: "a", count: 92) + "\r\n", .malformed),
        ] as [(String, ProxyHeader.Reading)]
    )
    func version1(text: String, expected: ProxyHeader.Reading) {
        #expect(ProxyHeader.read(Array(text.utf8)) == expected)
    }

    @Test(
        "version 2",
        arguments: [
            (Self.block(0x21, 0x11, Self.inet) + [1, 2], Self.complete("192.0.2.7", 8_080, 28)),
            (Self.block(0x21, 0x21, Self.inet6), Self.complete("2001:db8::7", 8_080, 52)),
            // What a balancer says of its own connections, and of other kinds of sockets, names no client.
            (Self.block(0x20, 0x00, []), Self.complete(nil, 0, 16)),
            (Self.block(0x20, 0x11, [1, 2, 3]), Self.complete(nil, 0, 19)),
            (Self.block(0x21, 0x00, []), Self.complete(nil, 0, 16)),
            (Self.block(0x21, 0x31, [UInt8](repeating: 0, count: 216)), Self.complete(nil, 0, 232)),
            // Unknown values are skipped.
            (
                Self.block(0x21, 0x11, Self.inet + [0xEA, 0, 2, 9, 9, 0x04, 0, 0]),
                Self.complete("192.0.2.7", 8_080, 36)
            ),
            (Array(Self.signature.prefix(5)), .incomplete), (Self.signature, .incomplete),
            (Array(Self.block(0x21, 0x11, Self.inet).dropLast()), .incomplete),
            (Array(Self.block(0x21, 0x11, Self.inet).prefix(16)), .incomplete),
            (Self.block(0x11, 0x11, Self.inet), .malformed), (Self.block(0x22, 0x11, Self.inet), .malformed),
            (Self.block(0x21, 0x11, Array(Self.inet.dropLast())), .malformed),
            (Self.block(0x21, 0x21, Self.inet), .malformed), (Self.block(0x21, 0x41, Self.inet), .malformed),
            (Self.block(0x21, 0x12, Self.inet), .malformed), (Self.block(0x21, 0x11, Self.inet + [4, 0]), .malformed),
            (Self.block(0x21, 0x11, Self.inet + [4, 0, 2, 1]), .malformed),
            (Self.block(0x21, 0x11, Self.inet + [3, 0, 2, 1, 1]), .malformed),
            (Self.signature + [0x21, 0x11, 0x10, 0x01], .malformed), ([0x0D, 0x0A, 0x0D, 0x0B], .malformed),
        ] as [([UInt8], ProxyHeader.Reading)]
    )
    func version2(bytes: [UInt8], expected: ProxyHeader.Reading) {
        #expect(ProxyHeader.read(bytes) == expected)
    }

    @Test("a checksum is checked where there is one")
    func checksum() {
        // RFC 3720 B.4
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        var bytes = Self.block(0x21, 0x11, Self.inet + [3, 0, 4, 0, 0, 0, 0, 4, 0, 1, 7])
        let sum = CRC32C.checksum(bytes)
        for index in 0..<4 { bytes[31 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(index))) }
        #expect(ProxyHeader.read(bytes) == Self.complete("192.0.2.7", 8_080, bytes.count))
        for index in 16..<bytes.count where index != 28 {
            var changed = bytes
            changed[index] ^= 1
            #expect(ProxyHeader.read(changed) == .malformed, "\(index)")
        }
    }
}
