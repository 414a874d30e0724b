package import WonkeyCore

extension Configuration {
    /// The form of keys and how they are looked up (`keys`).
    package struct Keys: Hashable, Sendable {
        /// Where a request carries its key.
        package enum Source: String, Hashable, Sendable, CaseIterable {
            /// `Authorization: Bearer …` (RFC 6750 §2.1).
            case bearer
        }

        /// What keys begin with: `nb` gives `nb_live_…` and `nb_test_…`; 1–16 characters of `[a-z0-9]`.
        package var prefix = "nb"
        /// Random hexadecimal digits behind `<prefix>_<environment>_`; 24 to 128.
        package var length = 32
        package var sources: [Source] = [.bearer]
        /// How long a cached key is trusted while the store gives no answer; then 503.
        package var maxStaleness: Duration = .seconds(300)
        /// Keys held in memory per process, at most.
        package var cacheSize = 100_000
        /// How long an unknown key is remembered as unknown.
        package var negativeTTL: Duration = .seconds(5)
        /// The projects whose keys are accepted; empty accepts those of every project in the store.
        package var projects: [ProjectID] = []

        package init() {}
    }
}
