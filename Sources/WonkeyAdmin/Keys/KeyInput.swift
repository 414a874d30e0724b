import WonkeyCore

/// Checks what callers say of keys, for every operation that takes it.
enum KeyInput {
    static func expiry(_ expires: Moment, now: Timestamp) throws(OperationError) -> Timestamp {
        let expiresAt = expires.after(now)
        guard expiresAt > now else {
            let message = "a key expires in the future; \(expiresAt.rfc3339) is not, it is \(now.rfc3339) now"
            throw .invalid(message, field: "expires_at")
        }
        return expiresAt
    }

    /// Upstreams may be sent it in a field, so that it has to fit there.
    static func check(externalID: String) throws(OperationError) {
        guard (1...255).contains(externalID.utf8.count), isPlain(externalID) else {
            let message = "an external id has 1 to 255 bytes, visible characters only and no space at its ends"
            throw .invalid(message, field: "external_id")
        }
        guard redactingKeys(in: externalID) == externalID else {
            throw .invalid("that external id looks like a key; choose another", field: "external_id")
        }
    }

    /// Sorted, each once.
    static func permissions(_ texts: [String]) throws(OperationError) -> [Permission] {
        var permissions: Set<Permission> = []
        for text in texts {
            guard let permission = Permission(rawValue: text) else {
                let message = "\(quoted(text)) is no permission; 1 to 128 of letters, digits and . _ : * / - are"
                throw .invalid(message, field: "scopes")
            }
            permissions.insert(permission)
        }
        guard permissions.count <= Self.permissionsMax else {
            throw .invalid("a key holds at most \(Self.permissionsMax) permissions", field: "scopes")
        }
        return permissions.sorted()
    }

    /// By name; those that the configuration does not have are refused.
    static func overrides(
        _ limits: [LimitArgument],
        in context: AdministrationContext
    ) throws(OperationError) -> [String: Quota] {
        var overrides: [String: Quota] = [:]
        for limit in limits {
            try context.checkLimitName(limit.name, field: "limits")
            guard overrides.updateValue(limit.quota, forKey: limit.name) == nil else {
                throw .invalid("the limit \(quoted(limit.name)) is given twice", field: "limits")
            }
        }
        return overrides
    }

    /// Far more than anybody grants one key, and little enough to answer with.
    private static let permissionsMax = 100
}
