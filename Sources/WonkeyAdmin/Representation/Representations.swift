import WonkeyCore

/// A result with its one JSON form, the same on the command line and over HTTP.
///
/// Names are in snake case; what is absent is `null`, never left out.
package protocol Representable {
    var json: JSONValue { get }
}

extension JSONValue {
    fileprivate init(_ time: Timestamp?) {
        self.init(time?.rfc3339)
    }

    /// `{"data": […]}`.
    package static func list(_ elements: some Sequence<some Representable>) -> Self {
        ["data": .array(elements.map(\.json))]
    }
}

extension Project: Representable {
    package var json: JSONValue {
        [
            "id": .string(self.id.rawValue),
            "name": .string(self.name),
            "organization_id": .string(self.organizationID.rawValue),
            "created_at": JSONValue(self.createdAt),
            "version": .integer(self.version),
        ]
    }
}

extension ShowProject.Outcome: Representable {
    package var json: JSONValue {
        self.project.json.adding([
            .init("keys", .integer(Int64(self.keyCount))),
            .init("limits", .array(self.overrides.map { limit($0.name, $0.quota) })),
        ])
    }
}

extension Key: Representable {
    package var json: JSONValue { self.json(text: nil) }

    fileprivate func json(text: KeyText?) -> JSONValue {
        let permissions = JSONValue.array(self.permissions.map { .string($0.rawValue) })
        var members: [JSONValue.Member] = [.init("id", .string(self.id.rawValue))]
        if let text { members.append(.init("key", .string(text.reveal()))) }
        members += [
            .init("start", .string(self.start)),
            .init("name", .string(self.name)),
            .init("project_id", .string(self.projectID.rawValue)),
            .init("organization_id", .string(self.organizationID.rawValue)),
            .init("environment", .string(self.environment.rawValue)),
            .init("state", .string(self.state.rawValue)),
            .init("external_id", JSONValue(self.externalID)),
            .init("created_at", JSONValue(self.createdAt)),
            .init("expires_at", JSONValue(self.expiresAt)),
            .init("last_used_at", JSONValue(self.lastUsedAt)),
            .init("permissions", permissions),
            .init("scopes", permissions),
            .init("limits", .array(self.overrides.sorted { $0.key < $1.key }.map { limit($0.key, $0.value) })),
            .init("version", .integer(self.version)),
        ]
        return .object(members)
    }
}

extension IssuedKey: Representable {
    /// With the member `key`, which is shown nowhere else.
    package var json: JSONValue { self.key.json(text: self.text) }
}

extension RotateKey.Outcome: Representable {
    /// The new key, and what becomes of the old one.
    package var json: JSONValue {
        let replaced: JSONValue = ["id": .string(self.oldID.rawValue), "expires_at": JSONValue(self.oldExpiresAt)]
        return self.issued.json.adding([.init("replaces", replaced)])
    }
}

extension VerifyKey.Outcome: Representable {
    package var json: JSONValue {
        [
            "valid": .bool(self.finding == .valid),
            "code": .string(self.finding.rawValue),
            "key": self.key?.json ?? .null,
        ]
    }
}

extension LimitOverride: Representable {
    package var json: JSONValue {
        let (keyID, projectID): (JSONValue, JSONValue) =
            switch self.subject {
            case .key(let id): (.string(id.rawValue), .null)
            case .project(let id): (.null, .string(id.rawValue))
            }
        return limit(self.name, self.quota).adding([.init("key_id", keyID), .init("project_id", projectID)])
    }
}

private func limit(_ name: String, _ quota: Quota) -> JSONValue {
    [
        "name": .string(name),
        "limit": .integer(Int64(quota.limit)),
        "window": .string(quota.window.text),
        "window_ms": .integer(quota.window.milliseconds),
    ]
}

extension AuditRecord: Representable {
    package var json: JSONValue {
        [
            "id": .string(self.id),
            "time": JSONValue(self.time),
            "organization_id": .string(self.organizationID.rawValue),
            "project_id": JSONValue(self.projectID?.rawValue),
            "actor": .string(self.actor.name),
            "source": .string(self.actor.source),
            "event": .string(self.event),
            "subject_kind": .string(self.subjectKind),
            "subject_id": .string(self.subjectID),
            "before": Self.state(self.before),
            "after": Self.state(self.after),
        ]
    }

    /// What the store holds as text, which only a damaged one does not hold as JSON.
    private static func state(_ text: String?) -> JSONValue {
        guard let text else { return .null }
        return (try? JSONValue(parsing: Array(text.utf8))) ?? .string(text)
    }
}

extension RequestRecord: Representable {
    package var json: JSONValue {
        [
            "id": .string(self.id),
            "request_id": .string(self.requestID),
            "time": JSONValue(self.time),
            "project_id": JSONValue(self.projectID?.rawValue),
            "key_id": JSONValue(self.keyID?.rawValue),
            "method": .string(self.method),
            "path": .string(self.path),
            "route": JSONValue(self.route),
            "status": .integer(Int64(self.status)),
            "latency_us": .integer(self.latencyMicroseconds),
            "bytes_received": .integer(self.bytesReceived),
            "bytes_sent": .integer(self.bytesSent),
            "client_address": .string(self.clientAddress),
            "user_agent": JSONValue(self.userAgent),
            "limit_verdict": .string(self.limitVerdict.rawValue),
            "fault": .string(self.fault.rawValue),
            "images": .integer(Int64(self.images)),
        ]
    }
}

extension ReadUsage.Outcome: Representable {
    package var json: JSONValue {
        let days = self.days.map { day -> JSONValue in
            [
                "day": .string(CivilDate(daysSinceEpoch: day.day).description),
                "key_id": .string(day.keyID.rawValue),
                "requests": .integer(day.requests),
                "images": .integer(day.images),
            ]
        }
        return [
            "data": .array(days),
            "total": ["requests": .integer(self.requests), "images": .integer(self.images)],
        ]
    }
}
