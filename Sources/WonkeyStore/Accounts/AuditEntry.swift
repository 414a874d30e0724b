import Foundation
import WonkeyCore

/// One row of the audit log, written in the transaction of the change it tells of.
///
/// The states before and after hold only what may be shown: never a key's text or hash.
struct AuditEntry {
    enum Event: String {
        case organizationCreate = "organization.create"
        case projectCreate = "project.create"
        case projectUpdate = "project.update"
        case projectDelete = "project.delete"
        case keyCreate = "key.create"
        case keyUpdate = "key.update"
        case keyRotate = "key.rotate"
        case keyDelete = "key.delete"
        case limitSetOverride = "limit.set_override"
        case limitDeleteOverride = "limit.delete_override"
        case userRegister = "user.register"
        case userSetPassword = "user.set_password"
        case userDisable = "user.disable"
        case userEnable = "user.enable"
        case sessionReuse = "session.reuse"
        case memberCreate = "member.create"
        case memberUpdate = "member.update"
        case memberDelete = "member.delete"
        case invitationCreate = "invitation.create"
        case invitationDelete = "invitation.delete"
        case signingKeyCreate = "signing_key.create"
    }

    enum Subject {
        case organization(OrganizationID)
        case project(ProjectID)
        case key(KeyID)
        case user(UserID)
        case invitation(InvitationID)
        case signingKey(String)
    }

    /// Stands where a thing belongs to no organization: only the operator finds the entry.
    static let noOrganization = OrganizationID(rawValue: "")

    var event: Event
    var subject: Subject
    var organization: OrganizationID
    var project: ProjectID?
    var before: (any Encodable)?
    var after: (any Encodable)?

    func append(by actor: Actor, at now: Timestamp, on connection: any SQLConnection) throws {
        var generator = SystemRandomNumberGenerator()
        let id = Identifier<Self>.random(prefix: "log", using: &generator)
        let (kind, subject) = self.subject.columns
        try connection.execute(
            """
            INSERT INTO audit_log (
                id, time, org_id, project_id, actor, source, event, subject_kind, subject_id, before_json, after_json
            ) VALUES (
                \(id), \(now), \(self.organization), \(self.project), \(actor.name), \(actor.source),
                \(self.event.rawValue), \(kind), \(subject), \(try Self.json(self.before)), \(try Self.json(self.after))
            )
            """
        )
    }

    private static func json(_ state: (any Encodable)?) throws -> String? {
        guard let state else { return nil }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(state), as: UTF8.self)
    }
}

extension AuditEntry.Subject {
    fileprivate var columns: (kind: String, id: String) {
        switch self {
        case .organization(let id): ("organization", id.rawValue)
        case .project(let id): ("project", id.rawValue)
        case .key(let id): ("key", id.rawValue)
        case .user(let id): ("user", id.rawValue)
        case .invitation(let id): ("invitation", id.rawValue)
        case .signingKey(let id): ("signing_key", id)
        }
    }
}

/// What the audit log tells of a key.
struct AuditedKey: Encodable {
    let name, start, environment, state: String
    let expiresAt: Int64?
    let externalID: String?
    let permissions: [String]
    let overrides: [String: AuditedQuota]

    init(_ key: Key) {
        self.name = key.name
        self.start = key.start
        self.environment = key.environment.rawValue
        self.state = key.state.rawValue
        self.expiresAt = key.expiresAt?.millisecondsSinceEpoch
        self.externalID = key.externalID
        self.permissions = key.permissions.map(\.rawValue).sorted()
        self.overrides = key.overrides.mapValues(AuditedQuota.init)
    }
}

/// What the audit log tells of a user.
struct AuditedUser: Encodable {
    let email: String
    let name, externalSubject: String?

    init(_ user: User) {
        self.email = user.email.text
        self.name = user.name
        self.externalSubject = user.externalSubject
    }
}

/// What the audit log tells of an invitation.
struct AuditedInvitation: Encodable {
    let email, role: String
    let expiresAt: Int64

    init(_ invitation: Invitation) {
        self.email = invitation.email.text
        self.role = invitation.role.rawValue
        self.expiresAt = invitation.expiresAt.millisecondsSinceEpoch
    }
}

/// What the audit log tells of a limit.
struct AuditedQuota: Encodable {
    let limit: Int
    let windowMs: Int64

    init(_ quota: Quota) {
        self.limit = quota.limit
        self.windowMs = quota.window.milliseconds
    }
}
