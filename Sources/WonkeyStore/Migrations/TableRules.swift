/// What the group roles may do with one table, and with which of its rows.
///
/// A part of a published step (``Migration/rowLevelSecurity``): it never changes; a later step alters or adds policies.
struct TableRules: Sendable {
    enum Role: String, Sendable {
        /// The data plane.
        case proxy = "wonkey_proxy"
        /// The management API for a signed-in user.
        case management = "wonkey_management"
        /// The management API for signing in and up.
        case accounts = "wonkey_accounts"
    }

    enum Command: String, Sendable, CaseIterable {
        case select = "SELECT"
        case insert = "INSERT"
        case update = "UPDATE"
        case delete = "DELETE"
    }

    struct Rule: Sendable {
        let role: Role
        let commands: [Command]
        /// The only columns that the commands may touch, if not all.
        let columns: String?
        /// Which rows; they are so before and after.
        let rows: String
    }

    let table: String
    let rules: [Rule]

    /// Turns row-level security on, and lets through what the rules say.
    var sql: String {
        let lines = [
            "ALTER TABLE \(self.table) ENABLE ROW LEVEL SECURITY;",
            "REVOKE ALL ON \(self.table) FROM PUBLIC;",
        ]
        let grants = [Role.management, .accounts, .proxy].flatMap { self.grants(of: $0, to: $0.rawValue) }
        return (lines + grants).joined(separator: "\n")
    }

    /// What a role may do, for a role of that name.
    func grants(of role: Role, to name: String) -> [String] {
        self.rules.filter { $0.role == role }.flatMap { rule in
            rule.commands.flatMap { command in
                let columns = rule.columns.map { " (\($0))" } ?? ""
                let using = command == .insert ? "" : " USING (\(rule.rows))"
                let check = command == .insert || command == .update ? " WITH CHECK (\(rule.rows))" : ""
                return [
                    "GRANT \(command.rawValue)\(columns) ON \(self.table) TO \(name);",
                    """
                    CREATE POLICY \(name)_\(command.rawValue.lowercased()) ON \(self.table) FOR \(command.rawValue) TO \(name)
                       \(using)\(check);
                    """,
                ]
            }
        }
    }

    private init(_ table: String, _ rules: [Rule]...) {
        self.table = table
        self.rules = rules.flatMap(\.self)
    }

    private static func management(
        _ commands: [Command] = Command.allCases,
        columns: String? = nil,
        where rows: String
    ) -> [Rule] {
        [Rule(role: .management, commands: commands, columns: columns, rows: rows)]
    }

    private static func accounts(_ commands: [Command] = Command.allCases) -> [Rule] {
        [Rule(role: .accounts, commands: commands, columns: nil, rows: "true")]
    }

    private static func proxy(_ commands: [Command], columns: String? = nil) -> [Rule] {
        [Rule(role: .proxy, commands: commands, columns: columns, rows: "true")]
    }

    private static let ofOrganization = "org_id IN (SELECT wonkey_org_ids())"
    private static let ofAdministered = "org_id IN (SELECT wonkey_administered_org_ids())"
    private static let ofProject = "project_id IN (SELECT wonkey_project_ids())"

    /// The row refers to a row of `parent` that the policies of that table let through.
    private static func refers(_ column: String, to parent: String) -> String {
        "EXISTS (SELECT 1 FROM \(parent) WHERE \(parent).id = \(column))"
    }
}

extension TableRules {
    /// Every table, in the order of the steps that made them.
    static let all =
        tenants + keyTables + logTables + accountTables + [
            Self("changes", management([.insert], where: ofProject), accounts([.insert]), proxy([.select])),
            Self("audit_log", management([.select, .insert], where: ofOrganization), accounts([.insert])),
            Self("idempotency_keys", management(where: "user_id = wonkey_user_id()"), accounts()),
            Self("schema_migrations", management([.select], where: "true"), accounts([.select]), proxy([.select])),
        ]

    private static let tenants = [
        Self(
            "orgs",
            management([.select, .update], where: "id IN (SELECT wonkey_org_ids())"),
            accounts([.select, .insert])
        ),
        Self(
            "users",
            // Not the password.
            management(
                [.select],
                columns: "id, email, email_folded, name, external_subject, created_at, updated_at, disabled_at",
                where: "id IN (SELECT wonkey_colleague_ids())"
            ),
            accounts([.select, .insert, .update])
        ),
        Self(
            "memberships",
            management([.select], where: ofOrganization),
            management([.insert, .update], where: ofAdministered),
            management([.delete], where: "\(ofAdministered) OR user_id = wonkey_user_id()"),
            accounts([.select, .insert, .update])
        ),
        Self("projects", management(where: ofOrganization), accounts([.select, .insert]), proxy([.select])),
        Self("root_keys", management(where: ofOrganization)),
        Self("root_key_permissions", management(where: refers("root_key_id", to: "root_keys"))),
    ]

    private static let keyTables = [
        Self("identities", management(where: ofOrganization)),
        Self("keys", management(where: ofProject), proxy([.select]), proxy([.update], columns: "last_used_at")),
        Self("permissions", management(where: ofOrganization), proxy([.select])),
        Self("roles", management(where: ofOrganization)),
        Self(
            "role_permissions",
            management(where: refers("role_id", to: "roles") + " AND " + refers("permission_id", to: "permissions")),
            proxy([.select])
        ),
        Self(
            "key_permissions",
            management(where: refers("key_id", to: "keys") + " AND " + refers("permission_id", to: "permissions")),
            proxy([.select])
        ),
        Self(
            "key_roles",
            management(where: refers("key_id", to: "keys") + " AND " + refers("role_id", to: "roles")),
            proxy([.select])
        ),
        Self(
            "limit_overrides",
            management(
                where: [ofProject, refers("key_id", to: "keys"), refers("identity_id", to: "identities")]
                    .joined(separator: " OR ")
            ),
            proxy([.select])
        ),
    ]

    private static let logTables =
        [
            // Of what is there already, the data plane sees that it is there.
            Self(
                "request_logs",
                management([.select], where: ofProject),
                proxy([.insert]),
                proxy([.select], columns: "id")
            ),
            Self("log_batches", proxy([.select, .insert, .delete])),
        ]
        + ["usage_daily", "usage_rollups_minutely", "usage_rollups_hourly", "usage_rollups_daily"].map {
            Self($0, management([.select], where: ofProject), proxy([.select, .insert, .update]))
        }

    private static let accountTables = [
        Self("sessions", accounts()),
        Self("refresh_tokens", accounts()),
        Self("signing_keys", accounts()),
        Self(
            "invitations",
            management([.select], where: ofOrganization),
            management([.insert, .delete], where: ofAdministered),
            accounts([.select, .delete])
        ),
    ]
}
