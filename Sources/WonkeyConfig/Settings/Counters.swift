package import WonkeyCore

extension Configuration {
    /// Where limits are counted (`counters`).
    package struct Counters: Hashable, Sendable {
        package enum Location: Hashable, Sendable {
            /// In this process alone: exact for a single process, lost on restart.
            case memory
            case redis(Redis)
        }

        /// What happens while Redis gives no answer.
        package enum OnOutage: String, Hashable, Sendable, CaseIterable {
            /// Count in process, each process with its share: limit ÷ `replicas`, at least 1.
            case share
            /// Refuse what has limits, with 503.
            case deny
            /// Admit everything.
            case allow
        }

        package var location: Location = .memory
        /// For one round trip; 1 ms to 10 s.
        package var timeout: Duration = .milliseconds(50)
        package var onOutage: OnOutage = .share
        /// Processes that share the limits, for `on_outage: share`; 1 to 10 000.
        package var replicas = 1

        package init() {}
    }

    /// A Redis server (`redis://`, `rediss://`, `redis+unix://`).
    package struct Redis: Hashable, Sendable {
        package var endpoint: Endpoint
        /// `rediss://`.
        ///
        /// The certificate must be valid for the endpoint's host.
        package var usesTLS = false
        package var user: String?
        package var password: Secret?
        /// 0 to 65535.
        package var database = 0

        package init(endpoint: Endpoint) {
            self.endpoint = endpoint
        }
    }
}
