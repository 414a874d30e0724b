import WonkeyCore

/// `/v1/organizations/…` and `/v1/invitations/…`.
enum OrganizationEndpoints {
    static let all = [
        list, listMembers, getMember, changeRole, removeMember, invite, listInvitations, revokeInvitation, accept,
    ]

    static let list = Endpoint(
        id: "listOrganizations",
        .get,
        "/v1/organizations",
        tag: .organizations,
        summary: "List the organizations one is a member of",
        parameters: [.limit, .cursor],
        answers: [
            Answer(
                200,
                "The organizations, oldest first, with one's role.",
                .page(of: .organization),
                example: AccountExamples.page(AccountExamples.organization)
            )
        ]
    ) { request in
        let all = try await ListOrganizations(user: request.user.id).run(in: request.accounts)
        return try request.page(of: all) { ($0.organization.createdAt, $0.organization.id.rawValue) }
    }

    static let listMembers = Endpoint(
        id: "listMembers",
        .get,
        "/v1/organizations/{id}/members",
        tag: .organizations,
        summary: "List members",
        parameters: [organization, .limit, .cursor],
        answers: [
            Answer(
                200,
                "The members, oldest first.",
                .page(of: .member),
                example: AccountExamples.page(AccountExamples.member)
            )
        ]
    ) { request in
        let all = try await ListMembers(organization: request.organizationID).run(in: request.accounts)
        return try request.page(of: all) { ($0.joinedAt, $0.userID.rawValue) }
    }

    static let getMember = Endpoint(
        id: "getMember",
        .get,
        "/v1/organizations/{id}/members/{user_id}",
        tag: .organizations,
        summary: "Show a member",
        parameters: [organization, member],
        answers: [Answer(200, "The member, with the ETag.", .member, example: AccountExamples.member)]
    ) { request in
        let operation = ShowMember(organization: request.organizationID, user: request.memberID)
        let found = try await operation.run(in: request.accounts)
        return .ok(found).tagged(version: found.version)
    }

    static let changeRole = Endpoint(
        id: "changeMember",
        .patch,
        "/v1/organizations/{id}/members/{user_id}",
        tag: .organizations,
        summary: "Give a member another role",
        description: "Admins change members up to admins, owners everybody. The last owner stays one (409).",
        parameters: [organization, member],
        body: Body(.object([.required("role", .role)]), example: ["role": "admin"]),
        answers: [Answer(200, "The member as it is now.", .member, example: AccountExamples.member)],
        problems: [403, 409],
        takesIfMatch: true
    ) { request in
        let operation = ChangeRole(
            organization: request.organizationID,
            user: request.memberID,
            role: try request.role,
            version: try request.expectedVersion
        )
        let changed = try await operation.run(in: request.accounts)
        return .ok(changed).tagged(version: changed.version)
    }

    static let removeMember = Endpoint(
        id: "removeMember",
        .delete,
        "/v1/organizations/{id}/members/{user_id}",
        tag: .organizations,
        summary: "Remove a member, or leave",
        description:
            "Admins remove members up to admins, owners everybody; everybody may leave, but for the last owner "
            + "(409).",
        parameters: [organization, member],
        answers: [Answer(204, "They are no member any more.")],
        problems: [403, 409]
    ) { request in
        let operation = RemoveMember(organization: request.organizationID, user: request.memberID)
        try await operation.run(in: request.accounts)
        return .noContent
    }

    static let invite = Endpoint(
        id: "inviteMember",
        .post,
        "/v1/organizations/{id}/invitations",
        tag: .organizations,
        summary: "Invite somebody",
        description:
            "No e-mail is sent: hand the token over. It is good for a week, once, and only for the user of that "
            + "address. An earlier invitation to the address ends.",
        parameters: [organization],
        body: Body(
            .object([.required("email", .email), .required("role", .role)]),
            example: ["email": "bob@example.com", "role": "developer"]
        ),
        answers: [
            Answer(201, "The invitation and its token.", .issuedInvitation, example: AccountExamples.issuedInvitation)
        ],
        problems: [403, 409],
        takesIdempotencyKey: true
    ) { request in
        var generator = SystemRandomNumberGenerator()
        let operation = InviteMember(
            organization: request.organizationID,
            email: request.body.text("email"),
            role: try request.role,
            inviter: try request.user.id
        )
        return .created(try await operation.run(in: request.accounts, using: &generator))
    }

    static let listInvitations = Endpoint(
        id: "listInvitations",
        .get,
        "/v1/organizations/{id}/invitations",
        tag: .organizations,
        summary: "List open invitations",
        parameters: [organization, .limit, .cursor],
        answers: [
            Answer(
                200,
                "Those not expired, oldest first.",
                .page(of: .invitation),
                example: AccountExamples.page(AccountExamples.invitation)
            )
        ]
    ) { request in
        let all = try await ListInvitations(organization: request.organizationID).run(in: request.accounts)
        return try request.page(of: all) { ($0.createdAt, $0.id.rawValue) }
    }

    static let revokeInvitation = Endpoint(
        id: "revokeInvitation",
        .delete,
        "/v1/organizations/{id}/invitations/{invitation_id}",
        tag: .organizations,
        summary: "Take an invitation back",
        parameters: [organization, .path("invitation_id", .id("inv", "The invitation's id."))],
        answers: [Answer(204, "Its token is good no more.")],
        problems: [403]
    ) { request in
        let operation = RevokeInvitation(
            organization: request.organizationID,
            invitation: InvitationID(rawValue: request.path("invitation_id"))
        )
        try await operation.run(in: request.accounts)
        return .noContent
    }

    static let accept = Endpoint(
        id: "acceptInvitation",
        .post,
        "/v1/invitations/accept",
        tag: .organizations,
        summary: "Accept an invitation",
        description: "404 also for a token that is for another address than one's own.",
        body: Body(
            .object([.required("token", .string("As it was handed over.", length: 1...256))]),
            example: ["token": "wki_Zk3vQ0mB1xT8sJd71Lq0PzXv2KaWc9RfYh4GuNe5Oi6"]
        ),
        answers: [
            Answer(200, "The organization and one's role in it.", .organization, example: AccountExamples.organization)
        ],
        problems: [404]
    ) { request in
        let operation = AcceptInvitation(token: request.body.text("token"), user: try request.user.id)
        return .ok(try await operation.run(in: request.accounts(for: .accounts)))
    }

    private static let organization = Parameter.path("id", .id("org", "The organization's id."))
    private static let member = Parameter.path("user_id", .id("usr", "The member's user id."))
}

extension EndpointRequest {
    fileprivate var organizationID: OrganizationID { OrganizationID(rawValue: self.path("id")) }
    fileprivate var memberID: UserID { UserID(rawValue: self.path("user_id")) }

    /// The role in the body, which the schema has checked.
    fileprivate var role: Role {
        get throws(Problem) {
            guard let role = Role(rawValue: self.body.text("role")) else {
                throw .invalid(field: "role", "is no role")
            }
            return role
        }
    }
}
