package import NIOCore

/// Writes requests in the Redis protocol, each argument with its length, so that no argument can be more than one.
///
/// The bytes are those of hiredis' `redisFormatCommandArgv` (a test compares), without its intermediate copy.
package enum RedisCommand {
    /// Appends one request.
    static func write(_ arguments: [String], to buffer: inout ByteBuffer) {
        Self.begin(arguments.count, in: &buffer)
        for argument in arguments { Self.append(argument, to: &buffer) }
    }

    /// Appends the head of a request of `count` arguments, each of which has to follow by ``append(_:to:)``.
    package static func begin(_ count: Int, in buffer: inout ByteBuffer) {
        Self.writeLine(UInt8(ascii: "*"), count, to: &buffer)
    }

    /// Appends one argument.
    package static func append(_ argument: String, to buffer: inout ByteBuffer) {
        Self.writeLine(UInt8(ascii: "$"), argument.utf8.count, to: &buffer)
        buffer.writeString(argument)
        buffer.writeStaticString("\r\n")
    }

    /// Appends one argument of any bytes.
    static func append(bytes: [UInt8], to buffer: inout ByteBuffer) {
        Self.writeLine(UInt8(ascii: "$"), bytes.count, to: &buffer)
        buffer.writeBytes(bytes)
        buffer.writeStaticString("\r\n")
    }

    /// Appends one argument in decimal.
    package static func append(_ number: Int, to buffer: inout ByteBuffer) {
        // At most 15 digits stay inside the string value: no allocation.
        Self.append(String(number), to: &buffer)
    }

    private static func writeLine(_ kind: UInt8, _ length: Int, to buffer: inout ByteBuffer) {
        let zero = UInt8(ascii: "0")
        let (first, last) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
        switch length {
        case 0..<10: buffer.writeMultipleIntegers(kind, zero + UInt8(length), first, last)
        case 10..<100:
            buffer.writeMultipleIntegers(kind, zero + UInt8(length / 10), zero + UInt8(length % 10), first, last)
        default:
            buffer.writeInteger(kind)
            buffer.writeString(String(length))
            buffer.writeMultipleIntegers(first, last)
        }
    }
}
