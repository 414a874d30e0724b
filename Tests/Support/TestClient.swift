import NIOCore
import NIOHTTP1
import NIOPosix

/// A complete answer, as a test looks at it.
package struct TestResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a field, whatever the case of its name.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var text: String { String(decoding: self.body, as: UTF8.self) }
}

/// The connection ended without a complete answer.
package struct TestClientError: Error {
    package var message: String
}

/// One keep-alive connection for ordinary requests, one after the other; used by one task.
package final class TestClient {
    private var inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>

    fileprivate init(
        _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - method: As written on the wire.
    ///   - path: The origin-form target.
    ///   - headers: `Host`, where it is missing, and `Content-Length` are added.
    ///   - body: All of it.
    /// - Returns: The answer.
    /// - Throws: ``TestClientError`` if the connection ends before it.
    package func send(
        _ method: String = "GET",
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> TestResponse {
        var fields = HTTPHeaders(headers)
        if !fields.contains(name: "Host") { fields.add(name: "Host", value: "test.example") }
        if !body.isEmpty { fields.add(name: "Content-Length", value: "\(body.count)") }
        let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: fields)
        try await self.outbound.write(.head(head))
        if !body.isEmpty { try await self.outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
        try await self.outbound.write(.end(nil))
        return try await self.response()
    }

    private func response() async throws -> TestResponse {
        var response: TestResponse?
        while let part = try await self.inbound.next(isolation: nil) {
            switch part {
            case .head(let head):
                guard head.status.code >= 200 else { continue }
                response = TestResponse(
                    status: Int(head.status.code),
                    headers: head.headers.map { (name: $0.name, value: $0.value) },
                    body: []
                )
            case .body(let chunk): response?.body += Array(chunk.readableBytesView)
            case .end:
                if let response { return response }
            }
        }
        throw TestClientError(message: "the connection ended")
    }
}

/// Connects to a loopback port, lets `body` send requests and closes.
///
/// - Parameters:
///   - port: Of 127.0.0.1.
///   - body: Gets the connection; must not keep it.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or why the connection was not made.
package func withTestClient<Value: Sendable>(
    port: Int,
    _ body: @escaping (TestClient) async throws -> Value
) async throws -> Value {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(10))
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                    wrappingChannelSynchronously: channel
                )
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await body(TestClient(inbound, outbound))
    }
}

/// Sends the same request over several connections at once and counts the statuses.
///
/// - Parameters:
///   - ports: Connections are spread over these in turn.
///   - connections: How many at the same time.
///   - requests: Per connection.
///   - path: The target.
///   - headers: Of each request.
/// - Returns: How often each status came; 0 stands for connections that ended without an answer.
package func load(
    ports: [Int],
    connections: Int,
    requests: Int,
    path: String,
    headers: [(String, String)]
) async -> [Int: Int] {
    await withTaskGroup(of: [Int: Int].self) { group in
        for index in 0..<connections {
            group.addTask {
                var counts: [Int: Int] = [:]
                do {
                    counts = try await withTestClient(port: ports[index % ports.count]) { client in
                        var counts: [Int: Int] = [:]
                        for _ in 0..<requests {
                            counts[try await client.send("GET", path, headers: headers).status, default: 0] += 1
                        }
                        return counts
                    }
                } catch {
                    counts[0, default: 0] += 1
                }
                return counts
            }
        }
        return await group.reduce(into: [:]) { sum, counts in sum.merge(counts, uniquingKeysWith: +) }
    }
}
