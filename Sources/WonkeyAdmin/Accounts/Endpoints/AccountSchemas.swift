extension Schema {
    static let email = Schema.string(
        "An e-mail address.",
        length: 3...254,
        format: .email,
        example: "alice@example.com"
    )

    static let role = Schema.choice(
        ["owner", "admin", "developer", "viewer"],
        "Each may all that those after it may: viewers read; developers also manage keys; admins also projects and "
            + "members; owners everything.",
        example: "developer"
    )

    static let user = Schema.object(
        name: "User",
        [
            .required("id", .id("usr")),
            .required("email", .email),
            .required("name", .string("Of a person, or `null`.", example: "Alice").nullable),
            .required("created_at", .time()),
            .required("disabled_at", .time("Shut out since.").nullable),
        ]
    )

    static let currentUser = Schema.user.adding(
        name: "CurrentUser",
        [.required("organizations", .array(of: .organization))]
    )

    static let signedIn = Schema.object(
        name: "SignedIn",
        [
            .required("user", .user),
            .required("access_token", .string("Send it as `Authorization: Bearer …`.")),
            .required("token_type", .choice(["Bearer"])),
            .required("expires_in", .integer("Seconds for which the access token is good.", example: 900)),
            .required("refresh_token", .string("Good once, at `/v1/auth/refresh`.")),
            .required("refresh_expires_at", .time()),
        ]
    )

    static let organization = Schema.object(
        name: "Organization",
        [
            .required("id", .id("org")),
            .required("name", .string(example: "Acme")),
            .required("role", .role),
            .required("created_at", .time()),
        ]
    )

    static let member = Schema.object(
        name: "Member",
        [
            .required("organization_id", .id("org")),
            .required("user_id", .id("usr")),
            .required("email", .email),
            .required("name", .string().nullable),
            .required("role", .role),
            .required("joined_at", .time()),
            .required("version", .integer("The number in the ETag, for If-Match.", example: 1)),
        ]
    )

    static let invitation = Schema.object(
        name: "Invitation",
        [
            .required("id", .id("inv")),
            .required("organization_id", .id("org")),
            .required("email", .email),
            .required("role", .role),
            .required("invited_by", .id("usr")),
            .required("created_at", .time()),
            .required("expires_at", .time()),
        ]
    )

    static let issuedInvitation = Schema.invitation.adding(
        name: "IssuedInvitation",
        [.required("token", .string("Hand it to the invited; it is not shown again."))]
    )
}

/// What the documentation shows.
enum AccountExamples {
    static let user: JSONValue = [
        "id": "usr_5fZt0aQ2mWx81LcV", "email": "alice@example.com", "name": "Alice",
        "created_at": "2026-11-21T09:42:40.123Z", "disabled_at": .null,
    ]

    static let organization: JSONValue = [
        "id": "org_8sJd71Lq0PzXv2Ka", "name": "Alice", "role": "owner", "created_at": "2026-11-21T09:42:40.123Z",
    ]

    static let currentUser: JSONValue = [
        "id": "usr_5fZt0aQ2mWx81LcV", "email": "alice@example.com", "name": "Alice",
        "created_at": "2026-11-21T09:42:40.123Z", "disabled_at": .null, "organizations": [organization],
    ]

    static let signedIn: JSONValue = [
        "user": user, "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6InNpZ18xIn0.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl",
        "token_type": "Bearer", "expires_in": 900,
        "refresh_token": "wkr_Zk3vQ0mB1xT8sJd71Lq0PzXv2KaWc9RfYh4GuNe5Oi6",
        "refresh_expires_at": "2026-12-21T09:42:40.123Z",
    ]

    static let member: JSONValue = [
        "organization_id": "org_8sJd71Lq0PzXv2Ka", "user_id": "usr_5fZt0aQ2mWx81LcV", "email": "alice@example.com",
        "name": "Alice", "role": "owner", "joined_at": "2026-11-21T09:42:40.123Z", "version": 1,
    ]

    static let invitation: JSONValue = [
        "id": "inv_3gHk62Pw9QzTv5Nb", "organization_id": "org_8sJd71Lq0PzXv2Ka", "email": "bob@example.com",
        "role": "developer", "invited_by": "usr_5fZt0aQ2mWx81LcV", "created_at": "2026-11-21T09:42:40.123Z",
        "expires_at": "2026-11-28T09:42:40.123Z",
    ]

    static let issuedInvitation: JSONValue = [
        "id": "inv_3gHk62Pw9QzTv5Nb", "token": "wki_Zk3vQ0mB1xT8sJd71Lq0PzXv2KaWc9RfYh4GuNe5Oi6",
        "organization_id": "org_8sJd71Lq0PzXv2Ka", "email": "bob@example.com", "role": "developer",
        "invited_by": "usr_5fZt0aQ2mWx81LcV", "created_at": "2026-11-21T09:42:40.123Z",
        "expires_at": "2026-11-28T09:42:40.123Z",
    ]

    static func page(_ element: JSONValue) -> JSONValue { ["data": [element], "next_cursor": .null] }
}
