import Testing
import WonkeyCore

@testable import WonkeyDNS

@Suite("Answers of the domain name system")
struct DNSMessageTests {
    /// One question, so many answers.
    private static func header(_ answers: UInt8) -> [UInt8] { [0, 1, 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0] }

    /// `a.test`, whose labels begin at byte 12.
    private static let question: [UInt8] = [1] + Array("a".utf8) + [4] + Array("test".utf8) + [0, 0, 33, 0, 1]

    private static func record(_ type: UInt8, ttl: [UInt8] = [0, 0, 0, 30], _ data: [UInt8]) -> [UInt8] {
        [0xC0, 12, 0, type, 0, 1] + ttl + [0, UInt8(data.count)] + data
    }

    /// Priority 1, weight 2, port 8080, `b.test` with its second label elsewhere.
    private static let service: [UInt8] = [0, 1, 0, 2, 0x1F, 0x90, 1, UInt8(ascii: "b"), 0xC0, 14]

    @Test("records are read with their times to live, whatever lies between them")
    func records() {
        let address6: [UInt8] = [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
        let bytes =
            Self.header(4) + Self.question + Self.record(33, Self.service) + Self.record(5, [0xC0, 12])
            + Self.record(1, ttl: [0, 1, 0, 0], [10, 0, 0, 1]) + Self.record(28, ttl: [0x80, 0, 0, 1], address6)
        #expect(
            DNSMessage(bytes)?.answers == [
                .init(
                    name: "a.test",
                    timeToLive: 30,
                    content: .service(priority: 1, weight: 2, port: 8_080, host: "b.test")
                ),
                .init(name: "a.test", timeToLive: 30, content: .other),
                .init(name: "a.test", timeToLive: 65_536, content: .address([10, 0, 0, 1])),
                .init(name: "a.test", timeToLive: 0, content: .address(address6)),
            ]
        )
    }

    @Test("a message that is cut off anywhere is none")
    func cut() {
        let bytes = Self.header(2) + Self.question + Self.record(33, Self.service) + Self.record(1, [10, 0, 0, 1])
        #expect(DNSMessage(bytes) != nil)
        for count in 0..<bytes.count { #expect(DNSMessage(Array(bytes.prefix(count))) == nil, "\(count)") }
    }

    @Test(
        "names that point to themselves, wrong lengths and unknown label types are refused",
        arguments: [
            Self.header(1) + Self.question + [0xC0, 24, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4],
            Self.header(1) + [0xC0, 12, 0, 1, 0, 1],
            Self.header(1) + Self.question + Self.record(1, [10, 0, 0]),
            Self.header(1) + Self.question + Self.record(28, [10, 0, 0, 1]),
            Self.header(1) + Self.question + Self.record(33, [0, 1, 0, 2, 0, 80]),
            Self.header(0) + [0x40, 0, 0, 1, 0, 1],
        ] as [[UInt8]]
    )
    func refused(bytes: [UInt8]) {
        #expect(DNSMessage(bytes) == nil)
    }

    @Test("services are listed with the shortest time to live; a service that is not offered has none")
    func services() throws {
        func answer(_ host: String, _ timeToLive: UInt32) -> DNSMessage.Record {
            .init(
                name: "s",
                timeToLive: timeToLive,
                content: .service(priority: 1, weight: 2, port: 80, host: host)
            )
        }
        let found = try DNSMessage.services(in: [answer("A.test", 30), answer("b.test", 7)], of: "s")
        let expected = ["a.test", "b.test"].map { ServiceRecord(host: $0, port: 80, priority: 1, weight: 2) }
        #expect(found == Resolution(expected, timeToLive: .seconds(7)))
        #expect(throws: ResolutionError(.notFound, "no SRV records for s")) {
            try DNSMessage.services(in: [answer("", 30)], of: "s")
        }
    }

    @Test("a time to live counts only if it is about the addresses in use")
    func timeToLive() throws {
        let answers = [
            DNSMessage.Record(name: "a", timeToLive: 30, content: .address([10, 0, 0, 1])),
            DNSMessage.Record(name: "a", timeToLive: 20, content: .address([10, 0, 0, 2])),
        ]
        let one = try #require(IPAddress("10.0.0.1"))
        let two = try #require(IPAddress("10.0.0.2"))
        #expect(DNSMessage.timeToLive(in: answers, of: [one, two]) == .seconds(20))
        #expect(DNSMessage.timeToLive(in: answers, of: [one]) == nil)
        #expect(DNSMessage.timeToLive(in: [], of: [one]) == nil)
    }
}

@Suite("The machine's resolver")
struct SystemNameResolverTests {
    @Test("localhost has a loopback address, and a name that cannot exist has none")
    func hostsFile() async throws {
        let resolver = SystemNameResolver()
        let answer = try await resolver.addresses(of: "localhost")
        #expect(answer.records.contains { $0.description == "127.0.0.1" || $0.description == "::1" })
        let label = String(repeating: "x", count: 64)
        await #expect(throws: ResolutionError.self) { try await resolver.addresses(of: "\(label).invalid") }
        await #expect(throws: ResolutionError.self) { try await resolver.services(of: "\(label).invalid") }
    }
}
