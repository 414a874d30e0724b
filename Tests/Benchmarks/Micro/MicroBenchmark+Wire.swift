import NIOCore
import WonkeyCore
import WonkeyHTTP
import WonkeyRedis

extension MicroBenchmark {
    /// A request head of ten fields, from bytes to values.
    static let parseRequest = Self(name: "parse-request-head") {
        let sent = ByteBuffer(string: Self.request)
        return {
            var input = sent
            return try Self.head(of: &input).fields.count
        }
    }

    /// The upstream's head out of the client's.
    static let rewriteHead = Self(name: "rewrite-head") {
        var input = ByteBuffer(string: Self.request)
        let head = try Self.head(of: &input)
        let rules = ForwardingRules(hostPolicy: .preserve)
        let context = ForwardingContext(
            client: ClientAddress(ip: "203.0.113.7"),
            peer: PeerAddress(ip: "203.0.113.7", port: 40_000),
            requestID: "0193481c-7a50-7000-8000-0123456789ab"
        )
        return { try ForwardedRequest.head(from: head, rules: rules, context: context).bytes.readableBytes }
    }

    /// A call of the script that takes one limit.
    static let encodeCommand = Self(name: "encode-redis-command") {
        var buffer = ByteBufferAllocator().buffer(capacity: 1_024)
        let digest = String(repeating: "0123456789", count: 4)
        let checks = [
            CounterCheck(
                counter: "wk:{proj_0123456789abcdef}:minute:key_0123456789abcdef",
                algorithm: .fixedWindow,
                quota: Quota(limit: 1_000, window: .seconds(60))
            )
        ]
        return {
            buffer.clear()
            RedisCommand.begin(2 + LimitScript.argumentCount(checks), in: &buffer)
            RedisCommand.append("EVALSHA", to: &buffer)
            RedisCommand.append(digest, to: &buffer)
            LimitScript.appendArguments(checks, to: &buffer)
            return buffer.readableBytes
        }
    }

    /// One unit of one fixed window, without a script.
    static let encodeCount = Self(name: "encode-redis-count") {
        var buffer = ByteBufferAllocator().buffer(capacity: 1_024)
        let checks = [
            CounterCheck(
                counter: "wk:{proj_0123456789abcdef}:minute:key_0123456789abcdef",
                algorithm: .fixedWindow,
                quota: Quota(limit: 1_000, window: .seconds(60))
            )
        ]
        return {
            buffer.clear()
            guard let count = WindowCount(checks) else { throw Unexpected() }
            count.write(to: &buffer)
            return buffer.readableBytes
        }
    }

    /// The answer of that script.
    static let decodeReply = Self(name: "decode-redis-reply") {
        var reader = ReplyReader()
        let sent = ByteBuffer(string: "*4\r\n:1\r\n:999\r\n:59999\r\n:0\r\n")
        return {
            try reader.feed(sent)
            guard let reply = try reader.next(), case .admitted(let states)? = LimitScript.decision(reply, counters: 1)
            else { throw Unexpected() }
            return states[0].remaining
        }
    }

    private static let request = """
        GET /v1/things/1/parts?color=blue HTTP/1.1\r
        Host: api.example.com\r
        User-Agent: benchmark/1.0\r
        Accept: application/json\r
        Accept-Encoding: gzip, deflate\r
        Accept-Language: en\r
        Authorization: Bearer nb_live_0123456789abcdef0123456789abcdef\r
        Cache-Control: no-cache\r
        X-Custom: one\r
        X-Other: two\r
        Cookie: session=0123456789abcdef\r
        \r

        """

    private static func head(of input: inout ByteBuffer) throws -> RequestHead {
        var parser = RequestParser(limits: ServerLimits())
        guard case .head(let head, _) = parser.parse(&input) else { throw Unexpected() }
        return head
    }
}
