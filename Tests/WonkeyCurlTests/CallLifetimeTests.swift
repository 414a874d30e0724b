import Support
import Testing
import WonkeyCore
import WonkeyCurl

@Suite(.timeLimit(.minutes(1)))
struct CallLifetimeTests {
    private func request(_ server: StandInServer, _ target: String = "/") -> ServiceRequest {
        ServiceRequest(method: "POST", url: server.url + target, body: [1], timeout: .seconds(30))
    }

    private var oneTransfer: CurlServiceClientSettings {
        var settings = CurlServiceClientSettings()
        settings.transfersMax = 1
        return settings
    }

    @Test("a silent server is given up at the deadline, and its connection is closed")
    func deadline() async throws {
        try await withClient(reply: { _ in .hold }) { client, server in
            var request = self.request(server)
            request.timeout = .milliseconds(200)
            #expect(await client.failure(request) == .timedOut)
            await server.wait { $0.connectionsClosed == 1 }
        }
    }

    @Test("the deadline covers the time a call waits for a transfer slot")
    func deadlineWhileWaiting() async throws {
        try await withClient(self.oneTransfer, reply: { _ in .hold }) { client, server in
            let request = self.request(server)
            async let first = client.failure(request)
            await server.wait { $0.requests.count == 1 }
            var second = request
            second.timeout = .milliseconds(100)
            #expect(await client.failure(second) == .timedOut)
            server.answerHeld(.answer(status: 200))
            #expect(await first == nil)
            #expect(server.requests.count == 1)
        }
    }

    @Test("no more transfers run at once than allowed, and no more calls wait than allowed")
    func bounds() async throws {
        var settings = self.oneTransfer
        settings.waitingMax = 1
        try await withClient(settings, reply: { $0.target == "/1" ? .hold : .answer(status: 200) }) { client, server in
            let requests = ["/1", "/2", "/3"].map { self.request(server, $0) }
            async let first = client.failure(requests[0])
            await server.wait { $0.requests.count == 1 }
            let others = await withTaskGroup(of: ServiceError.Code?.self) { group in
                for request in requests[1...] { group.addTask { await client.failure(request) } }
                // One of the two is refused at once; the other runs when the slot is free.
                let refused = await group.next()
                server.answerHeld(.answer(status: 200))
                return [refused, await group.next()]
            }
            #expect(others == [.unreachable, .some(nil)])
            #expect(await first == nil)
            #expect(server.requests.count == 2)
        }
    }

    @Test("cancelling the task ends the transfer, and the server sees the connection close")
    func cancellation() async throws {
        try await withClient(reply: { _ in .hold }) { client, server in
            let request = self.request(server)
            let code = await withTaskGroup(of: ServiceError.Code?.self) { group in
                group.addTask { await client.failure(request) }
                await server.wait { $0.requests.count == 1 }
                group.cancelAll()
                return await group.next()
            }
            #expect(code == .cancelled)
            await server.wait { $0.connectionsClosed == 1 }
        }
    }

    @Test("a call cancelled beforehand, or while it waits for a slot, sends nothing")
    func earlyCancellation() async throws {
        try await withClient(self.oneTransfer, reply: { _ in .hold }) { client, server in
            let request = self.request(server)
            async let first = client.failure(request)
            await server.wait { $0.requests.count == 1 }
            let codes = await withTaskGroup(of: ServiceError.Code?.self) { group in
                group.addTask { await client.failure(request) }
                group.cancelAll()
                group.addTask { await client.failure(request) }
                return [await group.next(), await group.next()]
            }
            #expect(codes == [.cancelled, .cancelled])
            server.answerHeld(.answer(status: 200))
            #expect(await first == nil)
            #expect(server.requests.count == 1)
        }
    }

    @Test("shutdown ends open calls and refuses later ones")
    func shutdown() async throws {
        try await withClient(reply: { _ in .hold }) { client, server in
            let request = self.request(server)
            async let open = client.failure(request)
            await server.wait { $0.requests.count == 1 }
            client.shutdown()
            client.shutdown()
            #expect(await open == .cancelled)
            #expect(await client.failure(request) == .cancelled)
        }
    }

    @Test("many calls at once are all answered, each with its own answer, over a bounded number of connections")
    func parallel() async throws {
        var settings = CurlServiceClientSettings()
        settings.transfersMax = 8
        try await withClient(settings, reply: { .answer(status: 200, body: $0.body) }) { client, server in
            let url = server.url
            let wrong = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let body = Array("\(number)".utf8)
                        let response = try? await client.send(
                            ServiceRequest(method: "POST", url: url, body: body, timeout: .seconds(30))
                        )
                        return response?.body != body
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wrong == 0)
            #expect(server.log.connectionsOpened <= 8)
            #expect(server.requests.count == 200)
        }
    }
}
