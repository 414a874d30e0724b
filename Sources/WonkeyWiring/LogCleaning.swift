import ServiceLifecycle
package import WonkeyStore

/// Deletes old log rows until shutdown.
package struct LogCleaning: Service {
    private let cleaner: LogCleaner

    package init(_ cleaner: LogCleaner) {
        self.cleaner = cleaner
    }

    package func run() async {
        await cancelWhenGracefulShutdown { await self.cleaner.run() }
    }
}
