import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Rollup sheet")
struct RollupSheetTests {
    private static func sum(_ requests: Int64, _ latencies: Int64...) -> RollupSum {
        var sum = RollupSum(counts: RollupCounts(requests: requests))
        for latency in latencies { sum.latency.record(microseconds: latency) }
        return sum
    }

    private static func delta(_ key: String?, _ path: String, minute: Int64, latency: Int64) -> RollupDelta {
        let sum = Self.sum(1, latency)
        return RollupDelta(
            projectID: project("a").id,
            keyID: key.map(KeyID.init(rawValue:)),
            path: path,
            minute: minute,
            counts: sum.counts,
            latency: sum.latency
        )
    }

    private static func span(_ slot: Int64) -> RollupSpan { RollupSpan(projectID: project("a").id, slot: slot) }

    @Test("deltas add up by minute, hour and day; latencies of keys and paths by hour only")
    func adding() {
        let sheet = RollupSheet([
            Self.delta("k", "/a", minute: 59, latency: 1), Self.delta("k", "/b", minute: 60, latency: 2),
            Self.delta(nil, "/a", minute: 60, latency: 3), Self.delta("k", "/a", minute: -1, latency: 4),
        ])
        #expect(
            sheet.minutes == [
                Self.span(59): Self.sum(1, 1), Self.span(60): Self.sum(2, 2, 3), Self.span(-1): Self.sum(1, 4),
            ]
        )
        #expect(
            sheet.hours == [
                Self.span(0): RollupAddition(
                    whole: Self.sum(1, 1),
                    keys: ["k": Self.sum(1, 1)],
                    paths: ["/a": Self.sum(1, 1)]
                ),
                Self.span(1): RollupAddition(
                    whole: Self.sum(2, 2, 3),
                    keys: ["k": Self.sum(1, 2), "(other)": Self.sum(1, 3)],
                    paths: ["/a": Self.sum(1, 3), "/b": Self.sum(1, 2)]
                ),
                Self.span(-1): RollupAddition(
                    whole: Self.sum(1, 4),
                    keys: ["k": Self.sum(1, 4)],
                    paths: ["/a": Self.sum(1, 4)]
                ),
            ]
        )
        #expect(
            sheet.days == [
                Self.span(0): RollupAddition(
                    whole: Self.sum(3, 1, 2, 3),
                    keys: ["k": Self.sum(2), "(other)": Self.sum(1)],
                    paths: ["/a": Self.sum(2), "/b": Self.sum(1)]
                ),
                Self.span(-1): RollupAddition(
                    whole: Self.sum(1, 4),
                    keys: ["k": Self.sum(1)],
                    paths: ["/a": Self.sum(1)]
                ),
            ]
        )
    }

    @Test("the busiest newcomers get the room there is, what has a sum keeps it, the rest shares one")
    func bound() {
        let addition = RollupAddition(
            whole: Self.sum(9, 1),
            keys: ["k": Self.sum(9, 1)],
            paths: [
                "/old": Self.sum(1, 1), "/few": Self.sum(1, 2), "/many": Self.sum(5, 3), "/some": Self.sum(2, 4),
                "(other)": Self.sum(1, 5),
            ]
        )
        let stored = StoredRollup(
            latency: Self.sum(0, 7).latency,
            distinctKeys: 1,
            distinctPaths: 2,
            keys: [:],
            paths: ["/old": Self.sum(0, 8).latency, "(other)": Self.sum(0, 9).latency]
        )
        let rows = addition.rows(addedTo: stored, keysMax: 1, pathsMax: 3)
        func row(_ dimension: RollupRow.Dimension, _ value: String, _ sum: RollupSum) -> RollupRow {
            RollupRow(dimension: dimension, value: value, counts: sum.counts, latency: sum.latency)
        }
        var project = row(.project, "", Self.sum(9, 1, 7))
        (project.distinctKeys, project.distinctPaths) = (1, 3)
        #expect(
            rows == [
                project, row(.key, "(other)", Self.sum(9, 1)), row(.path, "(other)", Self.sum(4, 2, 4, 5, 9)),
                row(.path, "/many", Self.sum(5, 3)), row(.path, "/old", Self.sum(1, 1, 8)),
            ]
        )
    }

    @Test(
        "a span of hours is read as whole days with the hours around them",
        arguments: [
            (0..<24, "day 0..<1"), (1..<24, "hour 1..<24"), (0..<23, "hour 0..<23"), (5..<5, "hour 5..<5"),
            (23..<25, "hour 23..<25"), (23..<49, "hour 23..<24, day 1..<2, hour 48..<49"), (24..<72, "day 1..<3"),
            (-25..<1, "hour -25..<-24, day -1..<0, hour 0..<1"),
        ] as [(Range<Int64>, String)]
    )
    func parts(hours: Range<Int64>, text: String) {
        let parts = SQLLogRepository.parts(of: hours)
        #expect(parts.map { "\($0.bucket) \($0.numbers)" }.joined(separator: ", ") == text)
    }
}
