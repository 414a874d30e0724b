/// One answer of Redis (RESP2).
package enum RedisReply: Hashable, Sendable {
    case status(String)
    /// Begins with a code in capitals, such as `NOSCRIPT` or `WRONGPASS`.
    case error(String)
    case integer(Int)
    case bulk([UInt8])
    case null
    case array([RedisReply])
}

/// The bytes received are no RESP2, or more than any answer of ours; the connection is of no use any more.
package struct ReplyError: Error, Hashable {
    var message: String
}
