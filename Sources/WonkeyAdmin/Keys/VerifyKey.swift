package import WonkeyCore

/// Tells whether a key would be let in now, by the same rule that proxies use.
package struct VerifyKey: Sendable {
    /// What is known of the presented key.
    package struct Outcome: Equatable, Sendable {
        package var finding: Finding
        /// `nil` if no key has this text.
        package var key: Key?
    }

    /// Whether and why.
    package enum Finding: String, Sendable, CaseIterable {
        case valid
        /// The text does not have the form of a key, so that nothing was looked up.
        case malformed
        case unknown, expired, disabled, revoked
        case insufficientPermissions = "insufficient_permissions"
    }

    /// The key as presented.
    package var presented: [UInt8]
    /// What it must be permitted.
    package var permissions: [Permission]

    package init(presented: [UInt8], permissions: [Permission] = []) {
        self.presented = presented
        self.permissions = permissions
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        guard let text = context.keyFormat.text(of: self.presented) else {
            return Outcome(finding: .malformed, key: nil)
        }
        let key = try await asking { () async throws(StoreError) in try await context.store.key(hash: text.hash) }
        let verdict = Verdict(of: key.map(KeyRecord.init), requiring: self.permissions, at: context.clock.now)
        return Outcome(finding: Finding(verdict), key: key)
    }
}

extension VerifyKey.Finding {
    fileprivate init(_ verdict: Verdict) {
        switch verdict {
        case .granted: self = .valid
        case .refused(let refusal):
            switch refusal {
            case .expiredKey: self = .expired
            case .disabledKey: self = .disabled
            case .revokedKey: self = .revoked
            case .insufficientScope: self = .insufficientPermissions
            case .missingKey, .malformedCredentials, .malformedKey: self = .malformed
            case .unknownKey, .tooManyUnknownKeys, .keyStoreUnavailable, .rateLimited, .counterStoreUnavailable,
                .noRoute, .methodNotAllowed, .bodyTooLarge, .overloaded:
                self = .unknown
            }
        }
    }
}

extension KeyRecord {
    /// What a proxy would see of the key, but for the project's overrides.
    fileprivate init(_ key: Key) {
        self.init(
            id: key.id,
            projectID: key.projectID,
            organizationID: key.organizationID,
            name: key.name,
            start: key.start,
            environment: key.environment,
            state: key.state,
            expiresAt: key.expiresAt,
            permissions: Set(key.permissions),
            overrides: key.overrides
        )
    }
}
