import WonkeyAdmin
import WonkeyCore

/// A key in a list of them.
func keyTable(_ keys: [Key], now: Timestamp) -> Table {
    Table(
        columns: ["ID", "START", "NAME", "STATE", "CREATED", "EXPIRES", "LAST USED"].map { .init(title: $0) },
        rows: keys.map { key in
            let (state, color) = standing(of: key, now: now)
            return [
                .init(key.id.rawValue), .init(key.start + "…"), .init(key.name), .init(state, color),
                .init(key.createdAt.rfc3339), .init(key.expiresAt?.rfc3339), .init(key.lastUsedAt?.rfc3339),
            ]
        }
    )
}

/// All that is known of a key.
func keyPairs(_ key: Key, now: Timestamp) -> [(name: String, value: String?)] {
    let limits = key.overrides.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
    return [
        ("id", key.id.rawValue), ("start", key.start + "…"), ("name", key.name),
        ("project", key.projectID.rawValue), ("organization", key.organizationID.rawValue),
        ("environment", key.environment.rawValue), ("state", standing(of: key, now: now).text),
        ("external id", key.externalID), ("created", key.createdAt.rfc3339),
        ("expires", key.expiresAt?.rfc3339 ?? "never"),
        ("last used", key.lastUsedAt?.rfc3339), ("permissions", joined(key.permissions.map(\.rawValue))),
        ("limits", joined(limits)),
    ]
}

/// A key that was just made, its text first.
func issuedDetails(_ issued: IssuedKey, _ style: Style) -> String {
    let pairs = keyPairs(issued.key, now: issued.key.createdAt).filter { $0.name != "start" && $0.name != "last used" }
    return details([("key", issued.text.reveal())] + pairs, style) + "\nKeep the key: it is not shown again.\n"
}

/// Whether a key is good and why not.
func verificationText(_ outcome: VerifyKey.Outcome, now: Timestamp, _ style: Style) -> String {
    let reason =
        switch outcome.finding {
        case .valid: "valid"
        case .malformed: "not valid: it does not have the form of a key"
        case .unknown: "not valid: there is no such key"
        case .expired: "not valid: it has expired"
        case .disabled: "not valid: it is disabled"
        case .revoked: "not valid: it is revoked"
        case .insufficientPermissions: "not valid: it lacks a permission"
        }
    let color: Style.Color = outcome.finding == .valid ? .green : .red
    return style.paint(reason, color) + "\n" + (outcome.key.map { details(keyPairs($0, now: now), style) } ?? "")
}

private func standing(of key: Key, now: Timestamp) -> (text: String, color: Style.Color) {
    switch key.state {
    case .active:
        if let expiresAt = key.expiresAt, expiresAt <= now { ("expired", .yellow) } else { ("active", .green) }
    case .disabled: ("disabled", .yellow)
    case .revoked: ("revoked", .red)
    }
}
