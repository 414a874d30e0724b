internal import NIOCore
internal import WonkeyCore

/// What a balancer says of a connection before the connection's own first byte.
///
/// - SeeAlso: The PROXY protocol, versions 1 and 2, <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>.
struct ProxyHeader: Hashable, Sendable {
    /// What the bytes received so far are.
    enum Reading: Hashable, Sendable {
        case incomplete
        case malformed
        case complete(ProxyHeader)
    }

    /// The client; `nil` where the balancer speaks for itself or does not know.
    var client: PeerAddress?
    /// Bytes of the header.
    var byteCount: Int

    /// Version 1 with its line end (§2.1).
    private static let lineBytesMax = 107
    /// Version 2 behind its first 16 bytes; the addresses take at most 216, the rest is for what we skip.
    private static let blockBytesMax = 4_096
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let word = Array("PROXY ".utf8)

    /// Reads a header at the beginning of what was received.
    static func read(_ bytes: [UInt8]) -> Reading {
        if bytes.starts(with: Self.signature.prefix(bytes.count)) {
            return bytes.count < 16 ? .incomplete : Self.readBlock(bytes)
        }
        if bytes.starts(with: Self.word.prefix(bytes.count)) { return Self.readLine(bytes) }
        return .malformed
    }

    // MARK: Version 1

    private static func readLine(_ bytes: [UInt8]) -> Reading {
        let window = bytes.prefix(Self.lineBytesMax)
        guard let end = window.firstIndex(of: 0x0A) else {
            return bytes.count >= Self.lineBytesMax ? .malformed : .incomplete
        }
        guard end > 0, bytes[end - 1] == 0x0D else { return .malformed }
        let line = bytes[Self.word.count..<(end - 1)]
        guard line.allSatisfy({ (0x20...0x7E).contains($0) }) else { return .malformed }
        let parts = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        let byteCount = end + 1
        // Whatever follows UNKNOWN is to be ignored.
        if parts[0] == "UNKNOWN" { return .complete(ProxyHeader(client: nil, byteCount: byteCount)) }
        guard parts.count == 5, parts[0] == "TCP4" || parts[0] == "TCP6" else { return .malformed }
        let isIPv4 = parts[0] == "TCP4"
        guard parts[1].contains(":") != isIPv4, parts[2].contains(":") != isIPv4, IPAddress(parts[1]) != nil,
            IPAddress(parts[2]) != nil, let port = Self.port(parts[3]), Self.port(parts[4]) != nil,
            let address = try? SocketAddress(ipAddress: String(parts[1]), port: port)
        else { return .malformed }
        return .complete(ProxyHeader(client: PeerAddress(address).canonical, byteCount: byteCount))
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit), text == "0" || text.first != "0",
            let port = Int(text), port <= 65_535
        else { return nil }
        return port
    }

    // MARK: Version 2

    private static func readBlock(_ bytes: [UInt8]) -> Reading {
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard bytes[12] >> 4 == 2, length <= Self.blockBytesMax else { return .malformed }
        let command = bytes[12] & 15
        guard command <= 1 else { return .malformed }
        guard bytes.count >= 16 + length else { return .incomplete }
        let header = Array(bytes.prefix(16 + length))
        // A connection of the balancer's own, such as a health check: whatever else is said is to be ignored.
        if command == 0 { return .complete(ProxyHeader(client: nil, byteCount: header.count)) }
        let (family, transport) = (bytes[13] >> 4, bytes[13] & 15)
        guard let addressCount = [0: 0, 1: 12, 2: 36, 3: 216][Int(family)], addressCount <= length else {
            return .malformed
        }
        guard transport <= 1, Self.areSound(header, from: 16 + addressCount) else { return .malformed }
        let client: PeerAddress? =
            switch family {
            case 1 where transport == 1: Self.address(header[16..<20], port: header[24..<26])
            case 2 where transport == 1: Self.address(header[16..<32], port: header[48..<50])
            default: nil
            }
        return .complete(ProxyHeader(client: client, byteCount: header.count))
    }

    private static func address(_ bytes: ArraySlice<UInt8>, port: ArraySlice<UInt8>) -> PeerAddress? {
        let number = port.reduce(0) { $0 << 8 | Int($1) }
        let address = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: number)
        return address.map { PeerAddress($0).canonical }
    }

    /// Whether the values behind the addresses end where they should, and the checksum is right if there is one.
    private static func areSound(_ header: [UInt8], from start: Int) -> Bool {
        var index = start
        while index < header.count {
            guard index + 3 <= header.count else { return false }
            let length = Int(header[index + 1]) << 8 | Int(header[index + 2])
            let value = (index + 3)..<(index + 3 + length)
            guard value.upperBound <= header.count else { return false }
            if header[index] == 0x03 {
                guard length == 4 else { return false }
                let sent = header[value].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                var cleared = header
                cleared.replaceSubrange(value, with: [0, 0, 0, 0])
                guard CRC32C.checksum(cleared) == sent else { return false }
            }
            index = value.upperBound
        }
        return true
    }
}

extension PeerAddress {
    /// With IPv4 addresses in their own form, so that one client has one address.
    fileprivate var canonical: PeerAddress {
        guard let address = IPAddress(self.ip), address.isIPv4, self.ip.contains(":") else { return self }
        return PeerAddress(ip: address.bytes.map(String.init).joined(separator: "."), port: self.port)
    }
}

/// The Castagnoli checksum (RFC 3720 §12.1), as the PROXY protocol uses it.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { sum, byte in sum >> 8 ^ CRC32C.table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
    }
}
