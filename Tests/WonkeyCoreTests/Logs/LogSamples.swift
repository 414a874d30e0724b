@testable import WonkeyCore

/// Records whose ids are numbers, and batches of them.
enum LogSamples {
    static func record(
        _ number: Int,
        key: String? = "a",
        day: Int64 = 0,
        status: Int = 200,
        fault: Fault = .none,
        images: Int = 0
    ) -> RequestRecord {
        RequestRecord(
            id: "r\(number)",
            requestID: "r\(number)",
            time: Timestamp(millisecondsSinceEpoch: day * 86_400_000 + Int64(number)),
            projectID: ProjectID(rawValue: "p"),
            keyID: key.map(KeyID.init(rawValue:)),
            method: "GET",
            path: "/",
            status: status,
            fault: fault,
            images: images
        )
    }

    static func records(_ numbers: Range<Int>) -> [RequestRecord] {
        numbers.map { self.record($0) }
    }

    static func chunk(_ numbers: Range<Int>) -> RecordChunk {
        RecordChunk(records: self.records(numbers), rollups: self.rollups(self.records(numbers)))
    }

    static func batch(_ id: Int, _ numbers: Range<Int> = 0..<1) -> LogBatch {
        LogBatch(
            id: "i-\(id)",
            records: self.records(numbers),
            usage: [],
            rollups: self.rollups(self.records(numbers))
        )
    }

    static func rollups(_ records: [RequestRecord]) -> [RollupDelta] {
        var tally = RollupTally()
        for record in records { tally.count(record) }
        return tally.sums
    }

    static func usage(key: String = "a", day: Int64 = 0, requests: Int64, images: Int64 = 0, last: Int64) -> UsageDelta
    {
        UsageDelta(
            projectID: ProjectID(rawValue: "p"),
            keyID: KeyID(rawValue: key),
            day: day,
            requests: requests,
            images: images,
            lastUsedAt: Timestamp(millisecondsSinceEpoch: day * 86_400_000 + last)
        )
    }
}
