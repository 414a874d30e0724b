package import WonkeyCore

/// One limit of one request as it was applied, overrides included.
package struct AppliedLimit: Hashable, Sendable {
    package var name: String
    package var quota: Quota
    package var state: CounterState
    /// Whether it limits what runs at the same time, so that no time brings more.
    package var isConcurrency: Bool

    package init(name: String, quota: Quota, state: CounterState, isConcurrency: Bool = false) {
        self.name = name
        self.quota = quota
        self.state = state
        self.isConcurrency = isConcurrency
    }

    init(_ limit: LimitPolicy, quota: Quota, state: CounterState) {
        self.init(name: limit.name, quota: quota, state: state, isConcurrency: limit.algorithm == .concurrency)
    }
}

/// Renders rate limit fields.
///
/// - SeeAlso: draft-ietf-httpapi-ratelimit-headers-10 §2 and §3; RFC 9651 for Lists, Items and Strings.
package enum RateLimitFields {
    /// The `RateLimit-Policy` value: `"minute";q=60;w=60, "streams";q=5;qu="concurrent-requests"`.
    package static func policy(_ limits: some Sequence<(policy: LimitPolicy, quota: Quota)>) -> String {
        var text = ""
        for limit in limits {
            if !text.isEmpty { text += ", " }
            var name: [UInt8] = []
            Self.appendString(limit.policy.name, to: &name)
            text += String(decoding: name, as: UTF8.self)
            text += ";q=\(limit.quota.limit)"
            text +=
                limit.policy.algorithm == .concurrency
                ? #";qu="concurrent-requests""# : ";w=\(Self.seconds(limit.quota.window.milliseconds, atLeast: 1))"
        }
        return text
    }

    /// The `RateLimit` value: `"minute";r=12;t=37`; no time brings more of what runs at the same time.
    package static func state(_ limits: [AppliedLimit]) -> String {
        // Every admitted request gets one: no text is made on the way.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(48 * limits.count)
        for limit in limits {
            if !bytes.isEmpty { bytes += ", ".utf8 }
            Self.appendString(limit.name, to: &bytes)
            bytes += ";r=".utf8
            bytes.appendDecimal(UInt64(max(0, limit.state.remaining)))
            guard !limit.isConcurrency else { continue }
            bytes += ";t=".utf8
            bytes.appendDecimal(UInt64(Self.seconds(limit.state.resetMs, atLeast: 0)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The `X-RateLimit-*` fields of the limit that has the smallest share left.
    ///
    /// - Parameter limits: At least one; an empty list gives no fields.
    /// - Returns: `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the last in seconds from now.
    package static func compatible(_ limits: [AppliedLimit]) -> [(name: String, value: String)] {
        let tightest = limits.min { lhs, rhs in
            Double(lhs.state.remaining) / Double(max(1, lhs.quota.limit))
                < Double(rhs.state.remaining) / Double(max(1, rhs.quota.limit))
        }
        guard let tightest else { return [] }
        return [
            ("X-RateLimit-Limit", "\(tightest.quota.limit)"),
            ("X-RateLimit-Remaining", "\(tightest.state.remaining)"),
            ("X-RateLimit-Reset", "\(Self.seconds(tightest.state.resetMs, atLeast: 0))"),
        ]
    }

    /// Whole seconds for `Retry-After`, rounded up, at least 1 (RFC 9110 §10.2.3).
    package static func retryAfter(_ delay: Duration) -> Int64 {
        Self.seconds(delay.milliseconds, atLeast: 1)
    }

    private static func seconds(_ milliseconds: Int64, atLeast minimum: Int64) -> Int64 {
        max(minimum, (milliseconds + 999) / 1_000)
    }

    /// RFC 9651 §3.3.3: a String holds printable ASCII; quote and backslash are escaped.
    private static func appendString(_ value: String, to bytes: inout [UInt8]) {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        bytes.append(quote)
        for byte in value.utf8 where (0x20...0x7E).contains(byte) {
            if byte == quote || byte == backslash { bytes.append(backslash) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }
}
