import WonkeyCore

extension User: Representable {
    package var json: JSONValue {
        [
            "id": .string(self.id.rawValue),
            "email": .string(self.email.text),
            "name": JSONValue(self.name),
            "created_at": .string(self.createdAt.rfc3339),
            "disabled_at": JSONValue(self.disabledAt?.rfc3339),
        ]
    }
}

extension SignedIn: Representable {
    /// With the tokens, which are shown nowhere else.
    package var json: JSONValue {
        [
            "user": self.user.json,
            "access_token": .string(self.accessToken),
            "token_type": "Bearer",
            "expires_in": .integer(self.accessLifetime.milliseconds / 1_000),
            "refresh_token": .string(self.refreshToken.reveal()),
            "refresh_expires_at": .string(self.refreshExpiresAt.rfc3339),
        ]
    }
}

extension ShowUser.Outcome: Representable {
    package var json: JSONValue {
        guard case .object(let members) = self.user.json else { return .null }
        return .object(members + [.init("organizations", .array(self.organizations.map(\.json)))])
    }
}

extension OrganizationMembership: Representable {
    package var json: JSONValue {
        [
            "id": .string(self.organization.id.rawValue),
            "name": .string(self.organization.name),
            "role": .string(self.role.rawValue),
            "created_at": .string(self.organization.createdAt.rfc3339),
        ]
    }
}

extension Member: Representable {
    package var json: JSONValue {
        [
            "organization_id": .string(self.organizationID.rawValue),
            "user_id": .string(self.userID.rawValue),
            "email": .string(self.email.text),
            "name": JSONValue(self.name),
            "role": .string(self.role.rawValue),
            "joined_at": .string(self.joinedAt.rfc3339),
            "version": .integer(self.version),
        ]
    }
}

extension Invitation: Representable {
    package var json: JSONValue { self.json(token: nil) }

    fileprivate func json(token: OpaqueToken?) -> JSONValue {
        var members: [JSONValue.Member] = [.init("id", .string(self.id.rawValue))]
        if let token { members.append(.init("token", .string(token.reveal()))) }
        members += [
            .init("organization_id", .string(self.organizationID.rawValue)),
            .init("email", .string(self.email.text)),
            .init("role", .string(self.role.rawValue)),
            .init("invited_by", .string(self.invitedBy.rawValue)),
            .init("created_at", .string(self.createdAt.rfc3339)),
            .init("expires_at", .string(self.expiresAt.rfc3339)),
        ]
        return .object(members)
    }
}

extension IssuedInvitation: Representable {
    /// With the member `token`, which is shown nowhere else.
    package var json: JSONValue { self.invitation.json(token: self.token) }
}
