extension Schema {
    /// A key's or project's name in a request.
    static func name(of subject: String) -> Self {
        .string(
            "The \(subject)'s name: 1 to 64 visible characters, no space at its ends.",
            length: 1...512,
            example: "alice"
        )
    }

    /// Whose a key is, in a request.
    static let externalID = Schema.string(
        "Whose it is: the customer's name in your own records, 1 to 255 visible characters, no space at its ends.",
        length: 1...255,
        example: "customer-17"
    )

    /// What a key may do, in a request.
    static let scopes = Schema.array(
        of: .string(length: 1...128, pattern: "^[A-Za-z0-9._:*/-]+$", example: "images:write"),
        "What the key may do, as routes require it; each counts once.",
        count: 0...100
    )

    /// A key as it is shown.
    static let key = Schema.object(name: "Key", description: "A key, without its text.", Self.keyMembers)

    /// A key with its text.
    static let issuedKey = Schema.key.adding(name: "IssuedKey", Self.issuedMembers)

    /// The successor of a key.
    static let rotatedKey = Schema.key.adding(
        name: "RotatedKey",
        Self.issuedMembers + [
            .required(
                "replaces",
                .object([
                    .required("id", .id("key", "The old key.")),
                    .required("expires_at", .time("Until when the old key works.")),
                ])
            )
        ]
    )

    private static let issuedMembers: [Property] = [
        .required("key", .string("The key itself, shown this one time.", example: Self.keyTextExample))
    ]

    private static let keyMembers: [Property] = [
        .required("id", .id("key")),
        .required("start", .string("The key's public beginning.", example: "nb_live_1a2b3c4d")),
        .required("name", .string("1 to 64 characters.", length: 1...512, example: "alice")),
        .required("project_id", .id("proj")),
        .required("organization_id", .id("org")),
        .required("environment", .choice(["live", "test"], "Visible in the key's text.")),
        .required(
            "state",
            .choice(["active", "disabled", "revoked"], "What was last said of the key; expiry is apart.")
        ),
        .required("external_id", .string("Whose it is; `null`: nobody's.", example: "customer-17").nullable),
        .required("created_at", .time()),
        .required("expires_at", .time("`null` never ends by itself.").nullable),
        .required("last_used_at", .time("`null` was never used.").nullable),
        .required("permissions", .array(of: .string(), "The same as `scopes`.")),
        .required("scopes", .array(of: .string(), "What the key may do.")),
        .required("limits", .array(of: .limit, "The key's own exceptions to limits.")),
        .required("version", .integer("Grows with every change; the `ETag` holds it.", 1...Int64.max)),
    ]

    private static let keyTextExample = "nb_live_1a2b3c4d5e6f708192a3b4c5d6e7f809"

    static let keyExample: JSONValue = [
        "id": "key_5fZt0aQ2mWx81LcV",
        "start": "nb_live_1a2b3c4d",
        "name": "alice",
        "project_id": "proj_8Qb2LmZx04TnYw7K",
        "organization_id": "org_3hVc9RkPq61sJdUe",
        "environment": "live",
        "state": "active",
        "external_id": "customer-17",
        "created_at": "2026-11-21T09:42:40.123Z",
        "expires_at": nil,
        "last_used_at": "2026-11-21T10:03:11.250Z",
        "permissions": ["images:write"],
        "scopes": ["images:write"],
        "limits": [["name": "per-minute", "limit": 100, "window": "1m", "window_ms": 60_000]],
        "version": 3,
    ]

    static let issuedKeyExample = Schema.keyExample.replacing([
        "last_used_at": nil, "version": 1, "key": .string(Self.keyTextExample),
    ])

    static let rotatedKeyExample = Schema.issuedKeyExample.replacing([
        "replaces": ["id": "key_0mWx81LcV5fZt0aQ", "expires_at": "2026-11-21T10:42:40.123Z"]
    ])
}
