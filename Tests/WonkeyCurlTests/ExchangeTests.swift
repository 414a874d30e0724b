import Support
import Testing
import WonkeyCore
import WonkeyCurl

@Suite(.timeLimit(.minutes(1)))
struct ExchangeTests {
    @Test("method, target, fields and body arrive as given, the answer comes back whole")
    func exchange() async throws {
        let reply: StandInServer.Reply = .answer(
            status: 418,
            headers: [("X-One", "  a b "), ("x-one", "c")],
            body: Array("tea".utf8)
        )
        try await withClient(reply: { _ in reply }) { client, server in
            let response = try await client.send(
                ServiceRequest(
                    method: "POST",
                    url: server.url + "/a/../%2e%2e//b?q=1&q",
                    headers: [("X-Mixed", "v"), ("X-Empty", "")],
                    body: Array("hello".utf8),
                    timeout: .seconds(10)
                )
            )
            #expect(response.status == 418)
            #expect(response.headers.map { "\($0.name)=\($0.value)" } == ["x-one=a b", "x-one=c", "content-length=3"])
            #expect(response.body == Array("tea".utf8))
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/a/../%2e%2e//b?q=1&q")
            #expect(request.body == Array("hello".utf8))
            #expect(request.header("x-mixed") == "v")
            #expect(request.header("x-empty")?.isEmpty == true)
            #expect(request.header("content-length") == "5")
            #expect(
                request.headers.map(\.name).filter { ["Expect", "Transfer-Encoding", "Content-Type"].contains($0) }
                    == []
            )
        }
    }

    @Test(
        "each method sends the framing it should",
        arguments: ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "PURGE"]
    )
    func methods(method: String) async throws {
        try await withClient(reply: { _ in .answer(status: 200) }) { client, server in
            let response = try await client.send(ServiceRequest(method: method, url: server.url, timeout: .seconds(10)))
            #expect(response.status == 200)
            let request = try #require(server.requests.first)
            #expect(request.method == method)
            #expect(request.target == "/")
            #expect(request.header("content-length") == (["GET", "HEAD", "DELETE"].contains(method) ? nil : "0"))
        }
    }

    @Test("a large body goes out without asking for 100 Continue and comes back whole")
    func largeBody() async throws {
        try await withClient(reply: { .answer(status: 200, body: $0.body) }) { client, server in
            let body = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let request = ServiceRequest(method: "PUT", url: server.url, body: body, timeout: .seconds(30))
            let response = try await client.send(request)
            #expect(response.body == body)
            #expect(server.requests.first?.header("expect") == nil)
        }
    }

    @Test(
        "a request that could do harm on the wire is refused before any I/O",
        arguments: [
            ServiceRequest(method: "GE T", url: "", timeout: .seconds(1)),
            ServiceRequest(method: "GET\r\nX: y", url: "", timeout: .seconds(1)),
            ServiceRequest(method: "", url: "", timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "/a b", timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "/a\r\nX: y", timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "/a#b", timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "/é", timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "", headers: [("A b", "c")], timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "", headers: [("A", "b\r\nc: d")], timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "", headers: [("A", "b\u{0}")], timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "", headers: [("Content-Length", "9")], timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "", headers: [("transfer-encoding", "chunked")], timeout: .seconds(1)),
            ServiceRequest(method: "GET", url: "", timeout: .zero),
        ]
    )
    func invalidRequests(request: ServiceRequest) async throws {
        try await withClient(reply: { _ in .answer(status: 200) }) { client, server in
            var request = request
            request.url = server.url + request.url
            #expect(await client.failure(request) == .invalidRequest)
            #expect(server.log.connectionsOpened == 0)
        }
    }

    @Test(
        "only plain http and https URLs without user info are called",
        arguments: [
            "file:///etc/hostname", "gopher://127.0.0.1:1/x", "dict://127.0.0.1:1/x", "127.0.0.1:1/", "http:///x",
            "http://",
            "http://name:word@127.0.0.1:1/",
        ]
    )
    func foreignURLs(url: String) async throws {
        let client = try CurlServiceClient()
        #expect(await client.failure(ServiceRequest(method: "GET", url: url, timeout: .seconds(5))) == .invalidRequest)
        client.shutdown()
    }

    @Test("a redirect is handed to the caller, not followed")
    func redirect() async throws {
        let reply: StandInServer.Reply = .answer(status: 302, headers: [("location", "/elsewhere")])
        try await withClient(reply: { _ in reply }) { client, server in
            let response = try await client.send(ServiceRequest(method: "GET", url: server.url, timeout: .seconds(10)))
            #expect(response.status == 302)
            #expect(response.header("location") == "/elsewhere")
            #expect(server.requests.count == 1)
        }
    }

    @Test("connections are kept and used again")
    func reuse() async throws {
        try await withClient(reply: { _ in .answer(status: 200) }) { client, server in
            let request = ServiceRequest(method: "POST", url: server.url, body: [1], timeout: .seconds(10))
            for _ in 1...3 { _ = try await client.send(request) }
            #expect(server.requests.map(\.connection) == [1, 1, 1])
        }
    }

    @Test(
        "a request on a pooled connection that dies before the answer is never sent a second time",
        arguments: ["POST", "PUT", "PATCH", "DELETE"],
        [0, 5, 200_000]
    )
    func noResend(method: String, size: Int) async throws {
        try await withClient(reply: { $0.method == "GET" ? .answer(status: 200) : .close }) { client, server in
            _ = try await client.send(ServiceRequest(method: "GET", url: server.url, timeout: .seconds(10)))
            let body = [UInt8](repeating: 1, count: size)
            let request = ServiceRequest(method: method, url: server.url, body: body, timeout: .seconds(10))
            #expect(await client.failure(request) == .broken)
            #expect(server.requests.filter { $0.method == method }.count == 1)
        }
    }

    @Test(
        "an answer that breaks off or is none at all is an error, and the request is not repeated",
        arguments: [
            StandInServer.Reply.close, .reset,
            .raw(Array("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".utf8)),
            .raw(Array("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc".utf8)),
            .raw(Array("<html>hello</html>".utf8)),
            .raw(Array("HTTP/1.1 200 OK\r\nx: ".utf8) + [UInt8](repeating: 97, count: 400_000)),
        ]
    )
    func brokenAnswers(reply: StandInServer.Reply) async throws {
        try await withClient(reply: { _ in reply }) { client, server in
            let request = ServiceRequest(method: "POST", url: server.url, body: [1], timeout: .seconds(10))
            #expect(await client.failure(request) == .broken)
            #expect(server.requests.count == 1)
        }
    }

    @Test("interim answers and trailers do not mix with the final head")
    func interim() async throws {
        let text =
            "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\nHTTP/1.1 200 OK\r\nx-final: 1\r\n folded\r\n"
            + "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n"
        try await withClient(reply: { _ in .raw(Array(text.utf8)) }) { client, server in
            let response = try await client.send(ServiceRequest(method: "GET", url: server.url, timeout: .seconds(10)))
            #expect(response.headers.map(\.name) == ["x-final", "transfer-encoding"])
            #expect(response.header("x-final") == "1 folded")
            #expect(response.body == Array("ok".utf8))
        }
    }

    @Test("an answer above the limit ends the transfer, declared length or not", arguments: [true, false])
    func sizeCap(isDeclared: Bool) async throws {
        let head = isDeclared ? "content-length: 100000\r\n" : "connection: close\r\n"
        let text = "HTTP/1.1 200 OK\r\n\(head)\r\n" + String(repeating: "x", count: 100_000)
        try await withClient(reply: { _ in .raw(Array(text.utf8)) }) { client, server in
            var request = ServiceRequest(method: "GET", url: server.url, timeout: .seconds(10), responseSizeMax: 99_999)
            #expect(await client.failure(request) == .responseTooLarge)
            request.responseSizeMax = 100_000
            let response = try await client.send(request)
            #expect(response.body.count == 100_000)
        }
    }

    @Test("nobody listening is unreachable: no byte was sent")
    func refused() async throws {
        let client = try CurlServiceClient()
        let url = try await StandInServer.unusedURL()
        #expect(await client.failure(ServiceRequest(method: "GET", url: url, timeout: .seconds(10))) == .unreachable)
        client.shutdown()
    }

    @Test("a message names method, origin and cause, and neither path nor query nor fields")
    func message() async throws {
        let client = try CurlServiceClient()
        let url = try await StandInServer.unusedURL()
        do throws(ServiceError) {
            _ = try await client.send(
                ServiceRequest(
                    method: "GET",
                    url: url + "/path-secret?key=query-secret",
                    headers: [("x-goog-api-key", "field-secret")],
                    timeout: .seconds(10)
                )
            )
            Issue.record("the call succeeded")
        } catch {
            #expect(error.message == "GET \(url): Couldn't connect to server (curl 7)")
        }
        client.shutdown()
    }
}
