internal import CHiredis
package import NIOCore

/// Turns received bytes into replies: hiredis' parser, fed in any pieces.
///
/// `@safe`: both pointers are private and owned once; a reply is copied out and freed before ``next()`` returns.
@safe package struct ReplyReader: ~Copyable {
    /// More bytes than this without a complete reply are an error; hiredis itself would wait for 2^63.
    static let unfinishedBytesMax = 1 << 20

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private var unfinishedBytes = 0

    package init() {
        unsafe self.functions = .allocate(capacity: 2)
        guard let reader = unsafe wonkey_reader_create(self.functions) else {
            preconditionFailure("out of memory")
        }
        unsafe self.reader = reader
    }

    deinit {
        unsafe redisReaderFree(self.reader)
        unsafe self.functions.deallocate()
    }

    /// Takes received bytes; ask ``next()`` afterwards until there is no reply.
    package mutating func feed(_ bytes: ByteBuffer) throws(ReplyError) {
        self.unfinishedBytes += bytes.readableBytes
        let status = unsafe bytes.withUnsafeReadableBytes { raw in
            unsafe redisReaderFeed(self.reader, raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count)
        }
        guard status == REDIS_OK else { throw self.error() }
    }

    /// The next complete reply, `nil` if bytes are missing.
    package mutating func next() throws(ReplyError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(self.reader, &object) == REDIS_OK else { throw self.error() }
        guard let object = unsafe object else {
            guard self.unfinishedBytes <= Self.unfinishedBytesMax else { throw ReplyError(message: "reply too long") }
            return nil
        }
        defer { unsafe freeReplyObject(object) }
        unsafe self.unfinishedBytes = self.reader.pointee.len - self.reader.pointee.pos
        return unsafe RedisReply(object.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func error() -> ReplyError {
        let text = unsafe withUnsafeBytes(of: &self.reader.pointee.errstr) { unsafe [UInt8]($0.prefix { $0 != 0 }) }
        return ReplyError(message: String(decoding: text, as: UTF8.self))
    }
}

extension RedisReply {
    fileprivate init(_ reply: redisReply) {
        switch unsafe reply.type {
        case REDIS_REPLY_STATUS: self = unsafe .status(Self.text(reply))
        case REDIS_REPLY_ERROR: self = unsafe .error(Self.text(reply))
        case REDIS_REPLY_INTEGER: self = unsafe .integer(Int(reply.integer))
        case REDIS_REPLY_STRING: self = unsafe .bulk(Self.bytes(reply))
        case REDIS_REPLY_ARRAY:
            let elements = unsafe UnsafeBufferPointer(start: reply.element, count: reply.elements)
            self = .array(
                unsafe elements.map { element in
                    guard let element = unsafe element else { return .null }
                    return unsafe RedisReply(element.pointee)
                }
            )
        default: self = .null
        }
    }

    private static func text(_ reply: redisReply) -> String {
        String(decoding: unsafe Self.bytes(reply), as: UTF8.self)
    }

    private static func bytes(_ reply: redisReply) -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: reply.str, count: reply.len))
    }
}
