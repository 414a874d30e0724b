import Crypto
package import WonkeyCore

/// The limits of a route, ready to be turned into the checks of one request.
package struct AdmissionPlan: Sendable {
    /// What the partitions of a request's limits are.
    package struct Partitions {
        package var key: KnownKey?
        /// Without port.
        package var clientAddress: String
        /// Reads the first value of a request field by its name in lower case.
        package var field: (String) -> String?

        package init(key: KnownKey?, clientAddress: String, field: @escaping (String) -> String?) {
            self.key = key
            self.clientAddress = clientAddress
            self.field = field
        }
    }

    private let limits: [LimitPolicy]
    private let hasShadows: Bool
    private let routeName: String
    /// Whether requests hold places of concurrency limits.
    package let hasLeases: Bool
    /// `RateLimit-Policy` of a request without overrides.
    private let standardPolicy: String

    package init(limits: [LimitPolicy], routeName: String) {
        self.limits = limits
        self.hasShadows = limits.contains(where: \.isShadow)
        self.routeName = routeName
        self.hasLeases = limits.contains { $0.algorithm == .concurrency }
        self.standardPolicy = RateLimitFields.policy(limits.lazy.filter { !$0.isShadow }.map { ($0, $0.quota) })
    }

    package var isEmpty: Bool { self.limits.isEmpty }

    /// Works out the checks of one request, in the order of the route's limits.
    ///
    /// - Parameters:
    ///   - partitions: Of the request.
    ///   - lease: Names what it holds of concurrency limits.
    /// - Returns: One per limit.
    package func checks(_ partitions: Partitions, lease: String = "") -> [CounterCheck] {
        self.limits.map { limit in
            CounterCheck(
                counter: self.counter(of: limit, partitions),
                algorithm: limit.algorithm,
                quota: self.quota(of: limit, partitions.key),
                isReturnable: limit.unit == .images,
                isShadow: limit.isShadow,
                takesBlocks: limit.mode == .leases,
                lease: limit.algorithm == .concurrency ? lease : ""
            )
        }
    }

    /// Puts names to the states that came back for ``checks(_:)``; those in shadow are left out.
    package func applied(_ states: [CounterState], key: KnownKey?) -> [AppliedLimit] {
        self.applied(ofAsked: states, key: key)
    }

    /// The limits in shadow that would have refused an admitted request.
    package func shadowRefusals(_ states: [CounterState]) -> [String] {
        guard self.hasShadows else { return [] }
        return zip(self.limits, states).compactMap { limit, state in
            limit.isShadow && state.retryAfterMs > 0 ? limit.name : nil
        }
    }

    /// Puts names to the states that came back for ``checks(_:)``; limits that were not asked and those in shadow are left
    /// out.
    package func applied(ofAsked states: [CounterState?], key: KnownKey?) -> [AppliedLimit] {
        zip(self.limits, states).compactMap { limit, state in
            guard !limit.isShadow else { return nil }
            return state.map { AppliedLimit(limit, quota: self.quota(of: limit, key), state: $0) }
        }
    }

    /// The `RateLimit-Policy` value for requests of `key`.
    package func policyText(key: KnownKey?) -> String {
        guard let key, !key.record.overrides.isEmpty else { return self.standardPolicy }
        return RateLimitFields.policy(
            self.limits.lazy.filter { !$0.isShadow }.map { ($0, self.quota(of: $0, key)) }
        )
    }

    /// The checks among `checks` that count images and were taken; given back when none is returned.
    ///
    /// - Parameters:
    ///   - checks: Of an admitted request.
    ///   - shadowRefusals: What ``shadowRefusals(_:)`` said of it.
    /// - Returns: Those to give back.
    package func imageChecks(_ checks: [CounterCheck], shadowRefusals: [String] = []) -> [CounterCheck] {
        zip(self.limits, checks).compactMap { limit, check in
            switch limit.unit {
            case .images: shadowRefusals.contains(limit.name) ? nil : check
            case .requests: nil
            }
        }
    }

    private func quota(of limit: LimitPolicy, _ key: KnownKey?) -> Quota {
        guard let key, !key.record.overrides.isEmpty else { return limit.quota }
        guard let quota = key.record.overrides[limit.name] else { return limit.quota }
        // How long a lease lasts is no question of how many there may be.
        return limit.algorithm == .concurrency ? Quota(limit: quota.limit, window: limit.quota.window) : quota
    }

    private func counter(of limit: LimitPolicy, _ partitions: Partitions) -> String {
        let prefix = partitions.key?.counterPrefix ?? "wk:{-}:"
        return switch limit.partition {
        case .key: "\(prefix)\(limit.name):\(partitions.key?.record.id.rawValue ?? "-")"
        case .project: "\(prefix)\(limit.name):"
        case .route: "\(prefix)\(limit.name):r:\(self.routeName)"
        case .clientAddress: "\(prefix)\(limit.name):a:\(partitions.clientAddress)"
        case .header(let name): "\(prefix)\(limit.name):h:\(Self.bounded(partitions.field(name) ?? ""))"
        }
    }

    /// A client chooses the value: one longer than 64 bytes is replaced by its SHA-256.
    private static func bounded(_ value: String) -> String {
        guard value.utf8.count > 64 else { return value }
        return SHA256.hash(data: Array(value.utf8)).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }
}
