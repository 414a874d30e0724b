import CHiredis
import NIOCore
import Testing

@testable import WonkeyRedis

@Suite struct ReplyReaderTests {
    private func replies(_ pieces: [[UInt8]]) throws(ReplyError) -> [RedisReply] {
        var reader = ReplyReader()
        var replies: [RedisReply] = []
        for piece in pieces {
            try reader.feed(ByteBuffer(bytes: piece))
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    private static let stream =
        "+OK\r\n-ERR no\r\n:-42\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n+y\r\n$0\r\n\r\n"
    private static let expected: [RedisReply] = [
        .status("OK"), .error("ERR no"), .integer(-42), .bulk(Array("a\r\n".utf8)), .null, .null, .array([]),
        .array([.integer(1), .array([.bulk(Array("x".utf8)), .null]), .status("y")]), .bulk([]),
    ]

    @Test("replies are the same in pieces of any size", arguments: [1, 2, 3, 7, 1_000])
    func fragmentation(_ size: Int) throws {
        let bytes = Array(Self.stream.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        #expect(try self.replies(pieces) == Self.expected)
    }

    @Test(
        "what is no RESP2 is an error",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", ":12a\r\n", ":+1\r\n", ":01\r\n", ":9223372036854775808\r\n", "$-2\r\n",
            "*-2\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "%1\r\n+a\r\n+b\r\n", ">1\r\n+a\r\n", "\u{0}\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+deep\r\n",
        ]
    )
    func junk(_ text: String) {
        #expect(throws: ReplyError.self) { try self.replies([Array(text.utf8)]) }
    }

    @Test(
        "an announced array of more elements than any answer of ours is refused before it is allocated",
        arguments: ["*2147483647\r\n", "*4097\r\n", "*1\r\n*4097\r\n"]
    )
    func longArray(_ text: String) {
        #expect(throws: ReplyError.self) { try self.replies([Array(text.utf8)]) }
    }

    @Test("more than 1 MiB without a complete reply is refused")
    func endless() throws {
        let head = Array("$9223372036854775807\r\n".utf8)
        let piece = [UInt8](repeating: 0x61, count: 64 << 10)
        #expect(try self.replies([head] + Array(repeating: piece, count: 15)) == [])
        #expect(throws: ReplyError(message: "reply too long")) {
            try self.replies([head] + Array(repeating: piece, count: 16))
        }
    }

    @Test("any number of complete replies is no long reply")
    func manyReplies() throws {
        let piece = Array(
            String(repeating: "$1000\r\n" + String(repeating: "b", count: 1_000) + "\r\n", count: 60).utf8
        )
        #expect(try self.replies(Array(repeating: piece, count: 40)).count == 2_400)
    }

    @Test("requests are byte for byte what hiredis formats")
    func formatting() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let arguments = (0..<Int.random(in: 1...12)).map { _ in
                let scalars = (0..<Int.random(in: 0...40)).map { _ in
                    Unicode.Scalar(UInt8.random(in: 0...255, using: &random))
                }
                return String(String.UnicodeScalarView(scalars))
            }
            var buffer = ByteBuffer()
            RedisCommand.write(arguments, to: &buffer)
            #expect(Array(buffer.readableBytesView) == Self.formatted(arguments))
        }
        var number = ByteBuffer()
        RedisCommand.begin(1, in: &number)
        RedisCommand.append(1 << 40, to: &number)
        #expect(Array(number.readableBytesView) == Self.formatted(["1099511627776"]))
    }

    private static func formatted(_ arguments: [String]) -> [UInt8] {
        let lengths = arguments.map(\.utf8.count)
        let storage = arguments.flatMap { Array($0.utf8) }.map { CChar(bitPattern: $0) } + [0]
        return unsafe storage.withUnsafeBufferPointer { bytes in
            var offset = 0
            var starts: [UnsafePointer<CChar>?] = unsafe lengths.map { length in
                defer { offset += length }
                return unsafe bytes.baseAddress.map { unsafe $0 + offset }
            }
            var target: UnsafeMutablePointer<CChar>?
            let count = unsafe redisFormatCommandArgv(&target, CInt(arguments.count), &starts, lengths)
            defer { unsafe redisFreeCommand(target) }
            return unsafe [UInt8](UnsafeRawBufferPointer(start: target, count: Int(count)))
        }
    }
}
