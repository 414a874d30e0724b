import NIOPosix
import ServiceLifecycle
import UnixSignals
import WonkeyWiring

/// Takes the configuration over again on SIGHUP and when its files change, until shutdown.
struct ReloadService: Service {
    private enum Reason {
        case signal, change
    }

    /// Between two looks at the files; a change is acted on at the second one that sees it.
    private static let interval: Duration = .milliseconds(500)

    let reloader: ConfigurationReloader
    let certificates: TLSReloadService
    let manager: ServiceManager

    func run() async {
        await cancelWhenGracefulShutdown {
            // One at a time; of several that come meanwhile one is enough, as it reads what is there then.
            let (reasons, entrance) = AsyncStream.makeStream(of: Reason.self, bufferingPolicy: .bufferingNewest(1))
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) { entrance.yield(.signal) }
                }
                group.addTask {
                    while (try? await Task.sleep(for: Self.interval)) != nil {
                        let haveChanged = try? await NIOThreadPool.singleton.runIfActive {
                            self.reloader.haveFilesChanged
                        }
                        if haveChanged == true { entrance.yield(.change) }
                    }
                }
                for await reason in reasons { await self.reload(reason) }
            }
        }
    }

    private func reload(_ reason: Reason) async {
        self.manager.reloading()
        defer { self.manager.ready() }
        await self.reloader.reload()
        switch reason {
        case .change: break
        case .signal: await self.certificates.reload()
        }
    }
}
