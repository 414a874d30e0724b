import Glibc
import ServiceLifecycle
import UnixSignals

/// Ends the process at once when it is told to stop a second time.
package struct SecondSignal: Service {
    package init() {}

    package func run() async {
        await cancelWhenGracefulShutdown {
            var count = 0
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count == 2 { exit(1) }
            }
        }
    }
}
