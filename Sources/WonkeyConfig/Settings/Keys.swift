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

extension Configuration.Keys {
    static func read(_ section: inout Section) -> Self {
        var keys = Self()
        section.read(
            "prefix",
            into: &keys.prefix,
            .text(Pattern("^[a-z0-9]{1,16}$", "1 to 16 lower-case letters or digits")),
            "What keys begin with: nb gives nb_live_… and nb_test_…."
        )
        section.read(
            "length",
            into: &keys.length,
            .integer(KeyFormat.randomDigitsRange),
            "Random hexadecimal digits of a new key."
        )
        section.read(
            "sources",
            into: &keys.sources,
            .values(of: .choice(.bearer), count: 1...8),
            "Where a request carries its key."
        )
        section.read(
            "max_staleness",
            into: &keys.maxStaleness,
            .duration(.zero...(.seconds(604_800))),
            "How long a cached key is trusted while the store is away; then 503. At most 7d."
        )
        section.read(
            "cache_size",
            into: &keys.cacheSize,
            .integer(1...10_000_000),
            "Keys held in memory, at most."
        )
        section.read(
            "negative_ttl",
            into: &keys.negativeTTL,
            .duration(.zero...(.seconds(60))),
            "How long an unknown key is remembered as unknown; at most 1m."
        )
        let id = Kind<String>.text(Pattern("^[A-Za-z0-9_-]{1,64}$", "a project's id, as proj_5fZt0aQ2mWx81LcV"))
        section.read(
            "projects",
            into: &keys.projects,
            .values(of: id.map({ ProjectID(rawValue: $0) }, back: \.rawValue)),
            "Ids of the projects whose keys are accepted; empty accepts those of every project."
        )
        return keys
    }
}
