import Testing

@testable import WonkeyCore

@Suite("Rollup tally")
struct RollupTallyTests {
    private static func record(key: String? = "a", path: String = "/", minute: Int64 = 0, latency: Int64 = 10)
        -> RequestRecord
    {
        var record = LogSamples.record(1, key: key)
        record.time = Timestamp(millisecondsSinceEpoch: minute * 60_000 + 59_999)
        record.path = path
        record.latencyMicroseconds = latency
        record.bytesReceived = 3
        record.bytesSent = 5
        record.images = 2
        return record
    }

    private static func delta(
        key: String? = "a",
        path: String = "/",
        minute: Int64 = 0,
        requests: Int64 = 1,
        latencies: [Int64] = [10]
    ) -> RollupDelta {
        var latency = LatencyHistogram()
        for value in latencies { latency.record(microseconds: value) }
        return RollupDelta(
            projectID: ProjectID(rawValue: "p"),
            keyID: key.map(KeyID.init(rawValue:)),
            path: path,
            minute: minute,
            counts: RollupCounts(
                requests: requests,
                bytesReceived: 3 * requests,
                bytesSent: 5 * requests,
                images: 2 * requests
            ),
            latency: latency
        )
    }

    @Test("requests add up by project, key, path and minute; one without a project counts nowhere")
    func sums() {
        var tally = RollupTally()
        var stranger = Self.record()
        stranger.projectID = nil
        for record in [
            Self.record(), Self.record(latency: 99), Self.record(key: "b"), Self.record(path: "/x"),
            Self.record(minute: -1), Self.record(key: nil), stranger, Self.record(key: "b", latency: 7),
        ] { tally.count(record) }
        #expect(
            tally.sums == [
                Self.delta(requests: 2, latencies: [10, 99]), Self.delta(key: "b", requests: 2, latencies: [10, 7]),
                Self.delta(path: "/x"), Self.delta(minute: -1), Self.delta(key: nil),
            ]
        )
    }

    @Test(
        "errors are those that sampling always keeps; of them, the client's are told from the others",
        arguments: [
            (200, .none, 0, 0), (399, .none, 0, 0), (400, .none, 1, 0), (429, .none, 1, 0), (499, .downstream, 1, 0),
            (500, .none, 1, 1), (502, .upstream, 1, 1), (0, .none, 1, 1), (200, .downstream, 1, 0),
            (200, .upstream, 1, 1), (413, .proxy, 1, 1),
        ] as [(Int, Fault, Int64, Int64)]
    )
    func errors(status: Int, fault: Fault, errors: Int64, serverErrors: Int64) {
        let counts = RollupCounts(LogSamples.record(1, status: status, fault: fault))
        #expect(counts == RollupCounts(requests: 1, errors: errors, serverErrors: serverErrors))
    }

    @Test("what finds no place forgets its path, then its key, and is counted all the same")
    func bound() {
        var tally = RollupTally()
        let arrivals: [RollupDelta] = [
            Self.delta(path: "/1"), Self.delta(path: "/2"),  // the room
            Self.delta(path: "/1"), Self.delta(path: "/3"), Self.delta(path: "/4"),  // paths are forgotten
            Self.delta(key: "b"), Self.delta(key: "c", path: "/3"), Self.delta(key: "d", path: "/1"),  // and keys
        ]
        for delta in arrivals { tally.add(delta, countMax: 2) }
        let other = RollupDelta.other
        #expect(
            tally.sums == [
                Self.delta(path: "/1", requests: 2, latencies: [10, 10]), Self.delta(path: "/2"),
                Self.delta(path: other, requests: 2, latencies: [10, 10]), Self.delta(key: "b", path: other),
                Self.delta(key: nil, path: other, requests: 2, latencies: [10, 10]),
            ]
        )
    }
}
