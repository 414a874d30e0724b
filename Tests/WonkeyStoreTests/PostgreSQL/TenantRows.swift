import Support

/// One row, at least, of every table of ours, for an organization of choice.
struct TenantRows {
    /// Named `org_x`, `user_x`, `project_x` and so on.
    struct Table {
        let name: String
        /// Ends in the letter of the organization that a row belongs to.
        let mark: String
        /// For the organization `{o}`, with ids ending in `{n}`.
        let insert: String
    }

    static let tables = [
        Table(name: "orgs", mark: "id", insert: "(id, name, created_at, updated_at) VALUES ('org_{n}', 'x', 1, 1)"),
        Table(
            name: "users",
            mark: "id",
            insert: "(id, email, email_folded, created_at, updated_at) VALUES ('user_{n}', '{n}@x', '{n}@x', 1, 1)"
        ),
        Table(
            name: "memberships",
            mark: "org_id",
            insert: "(org_id, user_id, role, created_at) VALUES ('org_{o}', 'user_{n}', 'owner', 1)"
        ),
        Table(
            name: "projects",
            mark: "org_id",
            insert: "(id, org_id, name, created_at, updated_at) VALUES ('project_{n}', 'org_{o}', '{n}', 1, 1)"
        ),
        Table(
            name: "root_keys",
            mark: "org_id",
            insert: """
                (id, org_id, hash, start, state, created_at, updated_at)
                VALUES ('root_{n}', 'org_{o}', '{n}', 's', 'active', 1, 1)
                """
        ),
        Table(
            name: "root_key_permissions",
            mark: "root_key_id",
            insert: "(root_key_id, permission) VALUES ('root_{o}', '{n}')"
        ),
        Table(
            name: "identities",
            mark: "org_id",
            insert: "(id, org_id, external_id, created_at, updated_at) VALUES ('id_{n}', 'org_{o}', '{n}', 1, 1)"
        ),
        Table(
            name: "keys",
            mark: "project_id",
            insert: """
                (id, project_id, hash, start, name, environment, state, created_at, updated_at)
                VALUES ('key_{n}', 'project_{o}', '{n}', 's', 'n', 'live', 'active', 1, 1)
                """
        ),
        Table(
            name: "permissions",
            mark: "org_id",
            insert: """
                (id, org_id, slug, name, created_at, updated_at) VALUES ('perm_{n}', 'org_{o}', '{n}', 'n', 1, 1)
                """
        ),
        Table(
            name: "roles",
            mark: "org_id",
            insert: "(id, org_id, name, created_at, updated_at) VALUES ('role_{n}', 'org_{o}', '{n}', 1, 1)"
        ),
        Table(
            name: "role_permissions",
            mark: "role_id",
            insert: "(role_id, permission_id) VALUES ('role_{o}', 'perm_{o}')"
        ),
        Table(
            name: "key_permissions",
            mark: "key_id",
            insert: "(key_id, permission_id) VALUES ('key_{o}', 'perm_{o}')"
        ),
        Table(name: "key_roles", mark: "key_id", insert: "(key_id, role_id) VALUES ('key_{o}', 'role_{o}')"),
        Table(
            name: "limit_overrides",
            mark: "id",
            insert: """
                (id, key_id, identity_id, project_id, name, quota, window_ms, created_at, updated_at) VALUES
                ('k_{o}', 'key_{o}', NULL, NULL, '{n}', 1, 1, 1, 1), ('i_{o}', NULL, 'id_{o}', NULL, '{n}', 1, 1, 1, 1),
                ('p_{o}', NULL, NULL, 'project_{o}', '{n}', 1, 1, 1, 1)
                """
        ),
        Table(
            name: "request_logs",
            mark: "project_id",
            insert: """
                (id, request_id, time, project_id, method, path, status, latency_us, bytes_received, bytes_sent,
                client_address, limit_verdict, fault, images)
                VALUES ('log_{n}', 'r', 1, 'project_{o}', 'GET', '/', 200, 1, 1, 1, 'c', 'none', 'none', 0)
                """
        ),
        Table(name: "log_batches", mark: "id", insert: "(id, applied_at) VALUES ('batch_{n}', 1)"),
        Table(
            name: "usage_daily",
            mark: "project_id",
            insert: "(project_id, day, key_id, requests, images) VALUES ('project_{o}', 1, 'key_{n}', 1, 1)"
        ),
        Table(
            name: "usage_rollups_minutely",
            mark: "project_id",
            insert: """
                (project_id, minute, requests, errors, server_errors, bytes_received, bytes_sent, images,
                latency_histogram) VALUES ('project_{o}', 1, 1, 1, 1, 1, 1, 1, '')
                """
        ),
        Table(name: "usage_rollups_hourly", mark: "project_id", insert: Self.rollup("hour")),
        Table(name: "usage_rollups_daily", mark: "project_id", insert: Self.rollup("day")),
        Table(
            name: "changes",
            mark: "project_id",
            insert: "(kind, project_id, created_at) VALUES ('project', 'project_{o}', 1)"
        ),
        Table(
            name: "audit_log",
            mark: "org_id",
            insert: """
                (id, time, org_id, actor, source, event, subject_kind, subject_id)
                VALUES ('audit_{n}', 1, 'org_{o}', 'a', 's', 'e', 'k', 'i')
                """
        ),
        Table(
            name: "sessions",
            mark: "user_id",
            insert: "(id, user_id, created_at, expires_at) VALUES ('ses_{n}', 'user_{o}', 1, 1)"
        ),
        Table(
            name: "refresh_tokens",
            mark: "session_id",
            insert: "(hash, session_id, created_at) VALUES ('{n}', 'ses_{o}', 1)"
        ),
        Table(name: "signing_keys", mark: "id", insert: "(id, secret, created_at) VALUES ('sign_{n}', '', 1)"),
        Table(
            name: "invitations",
            mark: "org_id",
            insert: """
                (id, org_id, email, email_folded, role, token_hash, invited_by, created_at, expires_at)
                VALUES ('inv_{n}', 'org_{o}', '{n}', '{n}', 'viewer', '{n}', 'user_{o}', 1, 1)
                """
        ),
        Table(
            name: "idempotency_keys",
            mark: "user_id",
            insert: """
                (key_hash, user_id, request_hash, claimed_at, expires_at) VALUES ('{n}', 'user_{o}', '', 1, 1)
                """
        ),
    ]

    private static func rollup(_ slot: String) -> String {
        """
        (project_id, \(slot), dimension, value, requests, errors, server_errors, bytes_received, bytes_sent, images,
        latency_histogram) VALUES ('project_{o}', 1, 'key', '{n}', 1, 1, 1, 1, 1, 1, '')
        """
    }
}

extension TenantRows.Table {
    /// Adds a row to an organization.
    func adding(to organization: String, as row: String) -> String {
        "INSERT INTO \(self.name) "
            + self.insert.replacing("{o}", with: organization).replacing("{n}", with: row)
    }

    /// The condition for the rows of an organization.
    func rows(of organization: String) -> String { "\(self.mark) LIKE '%\\_\(organization)'" }
}

/// Runs statements as a role, and tells what came of each.
struct RoleProbe {
    let database: PostgresTestDatabase

    /// Fills every table for the organizations `a` and `b`, whose owners are `user_a` and `user_b`.
    init(_ database: PostgresTestDatabase) async throws {
        self.database = database
        let rows = ["a", "b"].flatMap { letter in TenantRows.tables.map { $0.adding(to: letter, as: letter) } }
        try await database.sql(
            rows.joined(separator: ";\n") + """
                ;
                CREATE FUNCTION probe(statement text) RETURNS text LANGUAGE plpgsql AS $$
                DECLARE
                    touched bigint;
                BEGIN
                    EXECUTE statement;
                    GET DIAGNOSTICS touched = ROW_COUNT;
                    RETURN touched;
                EXCEPTION WHEN insufficient_privilege THEN RETURN 'denied';
                END
                $$;
                """
        )
    }

    /// What became of each statement, alone and undone: how many rows it found or changed, or `denied`.
    ///
    /// - Parameters:
    ///   - statements: What to try.
    ///   - role: Who tries.
    ///   - user: For whom.
    ///   - setting: What tells the database of the user.
    /// - Returns: As many results as statements.
    /// - Throws: What `psql` says, if it is not about privileges.
    func results(
        _ statements: [String],
        as role: String,
        user: String,
        setting: String = "wonkey.user_id"
    ) async throws -> [String] {
        let probes = statements.map { statement in
            """
            BEGIN;
            SET LOCAL ROLE \(role);
            SELECT CASE WHEN set_config('\(setting)', '\(user)', true) IS NULL THEN '' ELSE
                probe('\(statement.replacing("'", with: "''"))') END;
            ROLLBACK;
            """
        }
        return try await self.database.sql(probes.joined(separator: "\n")).split(separator: "\n").map(String.init)
    }
}
