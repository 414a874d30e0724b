import Testing
import WonkeyCore

@Suite("Timestamps as RFC 3339")
struct TimestampTests {
    @Test(
        "a moment is written in UTC with milliseconds, and read back the same",
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000Z"),
            (1_795_254_160_123, "2026-11-21T09:42:40.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ]
    )
    func roundTrip(milliseconds: Int64, text: String) {
        let time = Timestamp(millisecondsSinceEpoch: milliseconds)
        #expect(time.rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == time)
    }

    @Test("a moment that four digits cannot name is written as the nearest that they can")
    func outOfRange() {
        #expect(Timestamp(millisecondsSinceEpoch: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(millisecondsSinceEpoch: .min).rfc3339 == "0000-01-01T00:00:00.000Z")
    }

    @Test(
        "offsets, fractions, lower case and leap seconds are read",
        arguments: [
            ("1985-04-12T23:20:50.52Z", Int64(482_196_050_520)),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130),
            ("1990-12-31T23:59:60Z", 662_688_000_000),
            ("1990-12-31T15:59:60-08:00", 662_688_000_000),
            ("2026-11-21t09:42:40z", 1_795_254_160_000),
            ("2026-11-21T09:42:40.1239999999999999999999Z", 1_795_254_160_123),
            ("2026-11-21T09:42:40-00:00", 1_795_254_160_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ]
    )
    func reading(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text) == Timestamp(millisecondsSinceEpoch: milliseconds))
    }

    @Test(
        "what RFC 3339 does not allow, or no calendar has, is not read",
        arguments: [
            "", "2026", "2026-11-21", "2026-11-21T09:42:40", "2026-11-21 09:42:40Z", "2026-11-21T09:42Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-00T00:00:00Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T09:60:00Z",
            "2026-11-21T09:42:60Z", "2026-11-21T23:59:60Z", "2026-11-30T23:59:61Z", "2026-11-21T09:42:40.Z",
            "2026-11-21T09:42:40+24:00", "2026-11-21T09:42:40+01:60", "2026-11-21T09:42:40+0100",
            "2026-11-21T09:42:40Zx", " 2026-11-21T09:42:40Z", "26-11-21T09:42:40Z", "2026-11-21T09:42:40,5Z",
            "+2026-11-21T09:42:40Z", "2026-11-21T９:42:40Z",
        ]
    )
    func refused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("days and dates convert both ways for every day of four centuries and around the epoch")
    func civilDates() throws {
        var expected = try #require(CivilDate(year: 1899, month: 12, day: 31))
        for number in expected.daysSinceEpoch..<(expected.daysSinceEpoch + 146_098) {
            let date = CivilDate(daysSinceEpoch: number)
            #expect(date == expected)
            #expect(date.daysSinceEpoch == number)
            let next =
                CivilDate(year: date.year, month: date.month, day: date.day + 1)
                ?? CivilDate(year: date.year, month: date.month + 1, day: 1)
                ?? CivilDate(year: date.year + 1, month: 1, day: 1)
            expected = try #require(next)
        }
        #expect(CivilDate(daysSinceEpoch: 0).description == "1970-01-01")
        #expect(CivilDate("2026-11-21")?.daysSinceEpoch == 20_778)
        #expect(CivilDate("2026-11-31") == nil)
        #expect(CivilDate("2026-11-21x") == nil)
    }
}
