import NIOCore
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite("Limits for hostile clients", .timeLimit(.minutes(2)))
struct HostileLimitsTests {
    @Test("bytes buy time at the agreed rate, of which one window can be saved")
    func pace() {
        let start = NIODeadline.uptimeNanoseconds(0)
        var pace = TransferPace(bytesPerSecond: 100, window: .seconds(10), now: start)
        #expect(pace.deadline == start + .seconds(10))
        pace.moved(200, at: start + .seconds(4))
        #expect(pace.deadline == start + .seconds(12))
        pace.moved(1, at: start + .seconds(5))
        #expect(pace.deadline == start + .seconds(12) + .milliseconds(10))
        pace.moved(.max, at: start + .seconds(6))
        #expect(pace.deadline == start + .seconds(16))
    }

    @Test("connections count by address, those of an IPv6 network of 64 bits together, and count no more once removed")
    func byAddress() throws {
        func client(_ text: String) throws -> ClientConnections.Client {
            ClientConnections.Client(try #require(IPAddress(text)))
        }
        let clients = ClientConnections()
        #expect(clients.add(try client("192.0.2.1"), max: 2))
        #expect(clients.add(try client("::ffff:192.0.2.1"), max: 2))
        #expect(!clients.add(try client("192.0.2.1"), max: 2))
        #expect(clients.add(try client("192.0.2.2"), max: 2))
        #expect(clients.add(try client("2001:db8::1"), max: 1))
        #expect(!clients.add(try client("2001:db8::ffff:ffff:ffff:ffff"), max: 1))
        #expect(clients.add(try client("2001:db8:0:1::1"), max: 1))
        clients.remove(try client("192.0.2.1"))
        #expect(clients.add(try client("192.0.2.1"), max: 2))
        for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::9", "2001:db8:0:1::2"] {
            clients.remove(try client(address))
        }
        #expect(clients.count == 0)
    }

    @Test("a Unix socket, and who stands for many clients, is not counted by address")
    func uncounted() throws {
        var limits = ServerLimits()
        limits.uncountedAddresses = [try #require(AddressRange("10.0.0.0/8"))]
        #expect(limits.counted(try SocketAddress(ipAddress: "10.1.2.3", port: 1)) == nil)
        #expect(limits.counted(try SocketAddress(unixDomainSocketPath: "/tmp/a")) == nil)
        #expect(limits.counted(nil) == nil)
        let other = ClientConnections.Client(try #require(IPAddress("11.1.2.3")))
        #expect(limits.counted(try SocketAddress(ipAddress: "11.1.2.3", port: 1)) == other)
    }

    @Test("one connection too many of an address is closed at once, and there is room again when one ends")
    func connectionsPerAddress() async throws {
        var limits = ServerLimits()
        limits.connectionsPerAddressMax = 2
        let refusals = Mutex<[ConnectionRefusal]>([])
        try await ServerFixture.run(limits: limits, onRefused: { refusal in refusals.withLock { $0.append(refusal) } })
        {
            EchoHandler($0)
        } _: { port, server in
            let first = try await RawClient.connect(port: port)
            try await first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await first.read(through: "GET /1:")
            let second = try await RawClient.connect(port: port)
            try await second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await second.read(through: "GET /2:")
            let third = try await RawClient.connect(port: port)
            #expect(try await third.readToEnd() == "")
            await first.close()
            #expect(try await waits { server.connectionCount <= 1 })
            let fourth = try await RawClient.connect(port: port)
            try await fourth.send("GET /4 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await fourth.read(through: "GET /4:")
            await second.close()
            await third.close()
            await fourth.close()
        }
        #expect(refusals.withLock(\.self) == [.address])
    }

    @Test("a body that trickles more slowly than the least rate is answered 408, though it never falls silent")
    func slowBody() async throws {
        var limits = ServerLimits()
        limits.bodyIdleTimeout = .milliseconds(400)
        limits.bodyRateMin = 1_000
        try await ServerFixture.run(limits: limits) {
            EchoHandler($0)
        } _: { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            let trickle = Task {
                while !Task.isCancelled {
                    try await client.send("x")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await client.read(through: "\r\n").hasPrefix("HTTP/1.1 408 "))
            trickle.cancel()
            await client.close()
        }
    }

    @Test("a body at the least rate is taken, however long it takes")
    func steadyBody() async throws {
        var limits = ServerLimits()
        limits.bodyIdleTimeout = .milliseconds(500)
        limits.bodyRateMin = 100
        try await ServerFixture.run(limits: limits) {
            EchoHandler($0)
        } _: { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send("POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n")
            for _ in 0..<12 {
                try await client.send(String(repeating: "x", count: 50))
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
            await client.close()
        }
    }

    @Test("whoever takes an answer more slowly than the least rate is cut off, though it never stops taking")
    func slowReader() {
        let start = NIODeadline.uptimeNanoseconds(0)
        var wait = ConnectionWait()
        wait.begin(.write, until: start + .seconds(10), bytesTaken: 500, bytesMin: 1_000)
        #expect(wait.action(at: start + .seconds(9), bytesTaken: 500) == .none)
        #expect(wait.action(at: start + .seconds(10), bytesTaken: 1_499) == .failWrite)
        #expect(wait.action(at: start + .seconds(10), bytesTaken: 1_500) == .waitOn)
    }

    @Test("chunk extensions beyond their bound are answered 400", arguments: [(8, "200"), (9, "400")])
    func chunkExtensions(count: Int, status: String) async throws {
        var limits = ServerLimits()
        // The line end's first byte counts.
        limits.chunkExtensionBytesMax = 9
        try await ServerFixture.run(limits: limits) {
            EchoHandler($0)
        } _: { port, _ in
            let client = try await RawClient.connect(port: port)
            let padding = String(repeating: "e", count: count)
            try await client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;\(padding)\r\nx\r\n0\r\n\r\n"
            )
            #expect(try await client.read(through: "\r\n").hasPrefix("HTTP/1.1 \(status) "))
            await client.close()
        }
    }

    @Test(
        "an upstream is told of a client's certificate as Envoy tells it",
        arguments: [
            (
                ["DNS:a.example", "URI:spiffe://td/ns", "EMAIL:a@b", "IP:192.0.2.1"], "CN=a,O=\"x\"",
                #"Hash=00ff;Subject="CN=a,O=\"x\"";DNS=a.example;URI=spiffe://td/ns;Email=a@b;IP=192.0.2.1"#
            ),
            ([], "", #"Hash=00ff;Subject="""#),
            (["URI:a;b=\"c\""], "CN=a", #"Hash=00ff;Subject="CN=a";URI="a;b=\"c\"""#),
        ]
    )
    func certificateField(names: [String], subject: String, value: String) {
        let certificate = ClientCertificate(subject: subject, names: names, fingerprint: "00ff")
        #expect(ClientCertificateField.value(of: certificate) == value)
    }
}
