import Testing
import WonkeyCore

@Suite("Durations and quotas as text")
struct DurationTextTests {
    @Test(
        "a whole number and its unit are read",
        arguments: [
            ("50ms", Duration.milliseconds(50)), ("2s", .seconds(2)), ("1m", .seconds(60)), ("24h", .seconds(86_400)),
            ("7d", .seconds(604_800)), ("0s", .zero), ("007s", .seconds(7)), ("36525d", .seconds(3_155_760_000)),
        ]
    )
    func durations(text: String, duration: Duration) {
        #expect(Duration(text: text) == duration)
    }

    @Test(
        "anything else is not a duration",
        arguments: [
            "", "1", "s", "1 s", " 1s", "1s ", "-1s", "+1s", "1.5s", "1S", "1w", "1h30m", "1e3s", "36526d",
            "99999999999999999999ms", "9223372036854775807d", "１s",
        ]
    )
    func notDurations(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(
        "a duration is written in the largest unit that divides it",
        arguments: [
            (Duration.zero, "0s"), (.milliseconds(50), "50ms"), (.milliseconds(1_500), "1500ms"), (.seconds(90), "90s"),
            (.seconds(60), "1m"), (.seconds(86_400), "1d"), (.seconds(90_000), "25h"),
        ]
    )
    func written(duration: Duration, text: String) {
        #expect(duration.text == text)
        #expect(Duration(text: text) == duration)
    }

    @Test(
        "a quota is a limit, a slash and a window",
        arguments: [
            ("100/1m", Quota(limit: 100, window: .seconds(60)) as Quota?),
            ("0/1ms", Quota(limit: 0, window: .milliseconds(1))),
            ("100", nil), ("100/", nil), ("/1m", nil), ("100/0s", nil), ("100/1m/1h", nil), ("1.5/1m", nil),
            ("-1/1m", nil), ("100 / 1m", nil), ("99999999999999999999/1m", nil), ("", nil),
        ]
    )
    func quotas(text: String, quota: Quota?) {
        #expect(Quota(text: text) == quota)
        if let quota { #expect(quota.text == text) }
    }
}
