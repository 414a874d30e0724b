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

extension Configuration.Counters {
    static func read(_ section: inout Section) -> Self {
        var counters = Self()
        counters.location = section.required(
            "url",
            .countersURL,
            "redis://[user:password@]host:port/database, rediss:// for TLS, redis+unix:///path, or memory:."
        )
        section.read(
            "timeout",
            into: &counters.timeout,
            .duration(.milliseconds(1)...(.seconds(10))),
            "Longest wait for one answer of Redis; 1ms to 10s."
        )
        section.read(
            "on_outage",
            into: &counters.onOutage,
            .choice(.share),
            "While Redis is away: count in process with a share of each limit, deny with 503, or allow everything."
        )
        section.read(
            "replicas",
            into: &counters.replicas,
            .integer(1...10_000),
            "Processes that share the limits; with on_outage: share each takes its part."
        )
        return counters
    }
}
