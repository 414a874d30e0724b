import WonkeyCore

/// Makes records as an API of so many keys and paths would.
struct SampleRecords {
    let keys: Int
    private var ids = RequestIDGenerator(seed: .random(in: .min ... .max))

    init(keys: Int) {
        self.keys = keys
    }

    mutating func next(at time: Timestamp) -> RequestRecord {
        let id = self.ids.next(at: time)
        return RequestRecord(
            id: id,
            requestID: id,
            time: time,
            projectID: ProjectID(rawValue: "proj_bench1"),
            keyID: KeyID(rawValue: "key_bench1x\(Int.random(in: 0..<self.keys))"),
            method: "GET",
            path: "/v1/resource\(Int.random(in: 0..<self.keys))/list",
            route: "api",
            status: Int.random(in: 0..<20) == 0 ? 404 : 200,
            latencyMicroseconds: Int64.random(in: 500...50_000),
            bytesReceived: 120,
            bytesSent: 900,
            clientAddress: "192.0.2.1",
            userAgent: "curl/8.5.0",
            limitVerdict: .admitted
        )
    }
}
