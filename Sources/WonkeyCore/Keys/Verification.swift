/// Whether a presented key is good for a route.
package enum Verdict: Equatable, Sendable {
    case granted
    case refused(Refusal)
}

extension Verdict {
    /// Decides whether a looked-up key opens a route.
    ///
    /// - Parameters:
    ///   - record: What the store holds for the key's hash; `nil` where it holds nothing.
    ///   - permissions: What the route requires; the key must hold every one.
    ///   - now: Compared with the key's expiry: a key is refused from `expiresAt` on.
    package init(of record: KeyRecord?, requiring permissions: [Permission], at now: Timestamp) {
        guard let record else {
            self = .refused(.unknownKey)
            return
        }
        switch record.state {
        case .disabled: self = .refused(.disabledKey)
        case .revoked: self = .refused(.revokedKey)
        case .active:
            if let expiresAt = record.expiresAt, expiresAt <= now {
                self = .refused(.expiredKey)
            } else if permissions.allSatisfy(record.permissions.contains) {
                self = .granted
            } else {
                self = .refused(.insufficientScope(required: permissions))
            }
        }
    }
}
