package import WonkeyCore

/// One limit of one request as it was applied, overrides included.
package struct AppliedLimit: Hashable, Sendable {
    package var name: String
    package var quota: Quota
    package var state: CounterState

    package init(name: String, quota: Quota, state: CounterState) {
        self.name = name
        self.quota = quota
        self.state = state
    }
}

/// Renders rate limit fields.
///
/// - SeeAlso: draft-ietf-httpapi-ratelimit-headers-10 §2 and §3; RFC 9651 for Lists, Items and Strings.
package enum RateLimitFields {
    /// The `RateLimit-Policy` value: `"minute";q=60;w=60, "burst";q=10;w=1`.
    package static func policy(_ limits: some Sequence<(name: String, quota: Quota)>) -> String {
        var text = ""
        for limit in limits {
            if !text.isEmpty { text += ", " }
            Self.appendString(limit.name, to: &text)
            text += ";q=\(limit.quota.limit);w=\(Self.seconds(limit.quota.window.milliseconds, atLeast: 1))"
        }
        return text
    }

    /// The `RateLimit` value: `"minute";r=12;t=37`.
    package static func state(_ limits: [AppliedLimit]) -> String {
        var text = ""
        for limit in limits {
            if !text.isEmpty { text += ", " }
            Self.appendString(limit.name, to: &text)
            text += ";r=\(limit.state.remaining);t=\(Self.seconds(limit.state.resetMs, atLeast: 0))"
        }
        return text
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
    private static func appendString(_ value: String, to text: inout String) {
        text += "\""
        for byte in value.utf8 where (0x20...0x7E).contains(byte) {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text += "\\" }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        text += "\""
    }
}
