import Foundation
import Testing
import WonkeyCore
import WonkeyStore

@Suite("System clock")
struct SystemClockTests {
    @Test("the time is the machine's, in milliseconds")
    func now() {
        let before = Int64(Date().timeIntervalSince1970 * 1_000)
        let now = SystemClock().now.millisecondsSinceEpoch
        let after = Int64((Date().timeIntervalSince1970 * 1_000).rounded(.up))
        #expect((before...after).contains(now))
    }
}
