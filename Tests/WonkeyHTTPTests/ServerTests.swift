import NIOCore
import Support
import Testing

@testable import WonkeyHTTP

@Suite struct ServerTests {
    /// Sends `request`, reads until the server closes, and returns all it sent, `Date` lines taken out.
    private func exchange(_ request: String, limits: ServerLimits = ServerLimits()) async throws -> String {
        try await ServerFixture.run(limits: limits, handler: { EchoHandler($0) }) { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send(request)
            let text = try await client.readToEnd()
            await client.close()
            return text.split(separator: "\r\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
        }
    }

    @Test("F16, F17: pipelined requests are answered in order, and none after Connection: close")
    func pipelining() async throws {
        let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
        let post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        let last = "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        #expect(
            try await self.exchange(get + post + last + get)
                == "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nGET /a:"
                + "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nPOST /b:hi"
                + "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /c:"
        )
    }

    @Test(
        "an answer is framed as method, version and status demand",
        arguments: [
            ("B13: HEAD", "HEAD /a HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n"),
            ("B13: 204", "GET /204 HTTP/1.1", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
            (
                "F19: chunked", "GET /chunked HTTP/1.1",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\npart\r\n0\r\n\r\n"
            ),
            ("F15: chunked to 1.0", "GET /chunked HTTP/1.0", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart"),
            (
                "B9: aborted", "GET /abort HTTP/1.1",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\npart\r\n"
            ),
        ]
    )
    func framing(_ name: String, _ line: String, _ answer: String) async throws {
        #expect(try await self.exchange("\(line)\r\nHost: a\r\nConnection: close\r\n\r\n") == answer, "\(name)")
    }

    @Test("B5, B10: a malformed request is answered with a problem document before the connection closes")
    func malformed() async throws {
        let answer = try await self.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello")
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"))
        #expect(answer.contains("Connection: close\r\n") && answer.hasSuffix("\"source\":\"wonkey\"}"))
    }

    @Test("F11: 100 Continue comes first where the client waits for it, and not before an early answer")
    func expectContinue() async throws {
        try await ServerFixture.run(handler: { EchoHandler($0) }) { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try await client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("hi")
            #expect(try await client.read(through: ":hi").hasSuffix("POST /x:hi"))
            try await client.send(
                "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            let early = try await client.readToEnd()
            #expect(early.hasPrefix("HTTP/1.1 200 OK\r\n") && early.contains("Connection: close"))
            await client.close()
        }
    }

    @Test("B15: a body over the limit is refused with 413, by its length or as it streams")
    func tooLarge() async throws {
        var limits = ServerLimits()
        limits.bodyBytesMax = 4
        let sized = try await self.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", limits: limits)
        #expect(sized.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        #expect(try await self.exchange(chunked, limits: limits).hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
    }

    @Test("a head that does not arrive in time is answered with 408")
    func headTimeout() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(50)
        #expect(try await self.exchange("GET / HTTP/1.1\r\n", limits: limits).hasPrefix("HTTP/1.1 408 "))
    }
}
