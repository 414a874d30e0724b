import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

/// The second wall, tried with plain SQL: what the roles see and change in every table.
@Suite("Row-level security", .postgres(.migrated), .timeLimit(.minutes(3)))
struct RowLevelSecurityTests {
    private func migrated() throws -> PostgresTestDatabase {
        try #require(PostgresTestDatabase.current)
    }

    @Test("every table there is has row-level security and is tried below; no function looks where it is told")
    func catalog() async throws {
        let place = try self.migrated()
        let tables = try await place.sql(
            "SELECT relname, relrowsecurity FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        let expected = (TenantRows.tables.map(\.name) + ["schema_migrations"]).map { $0 + "|t" }
        #expect(Set(tables.split(separator: "\n").map(String.init)) == Set(expected))
        let open = try await place.sql(
            """
            SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                AND (proconfig IS NULL OR NOT 'search_path=public, pg_temp' = ANY (proconfig))
            """
        )
        #expect(open == "")
    }

    @Test("a member reads, counts, changes, deletes and adds in no table what is another organization's")
    func foreign() async throws {
        let probe = try await RoleProbe(try self.migrated())
        for table in TenantRows.tables {
            let (name, foreign) = (table.name, table.rows(of: "b"))
            let results = try await probe.results(
                [
                    "SELECT 1 FROM \(name) WHERE \(foreign)",
                    "SELECT 1 FROM \(name) WHERE NOT (\(table.rows(of: "a")))",
                    "UPDATE \(name) SET \(table.mark) = \(table.mark) WHERE \(foreign)",
                    "UPDATE \(name) SET \(table.mark) = \(table.mark)",
                    "DELETE FROM \(name) WHERE \(foreign)", table.adding(to: "b", as: "x"),
                    "SELECT 1 FROM \(name) WHERE \(table.rows(of: "a"))",
                ],
                as: "wonkey_management",
                user: "user_a"
            )
            #expect(results.count == 7)
            guard results.count == 7 else { continue }
            for result in results[..<3] + [results[4]] {
                #expect(["0", "denied"].contains(result), "\(name): \(results)")
            }
            #expect(results[5] == "denied", "\(name): \(results)")
            let own = results[6]
            // What can be changed is at most one's own.
            #expect([own, "0", "denied"].contains(results[3]), "\(name): \(results)")
            let isHidden = ["log_batches", "changes", "sessions", "refresh_tokens", "signing_keys"].contains(name)
            #expect(isHidden ? own == "denied" : own != "denied" && own != "0", "\(name): \(results)")
        }
    }

    @Test("a member moves nothing of theirs to another organization, and joins none")
    func moving() async throws {
        let probe = try await RoleProbe(try self.migrated())
        let attempts = [
            "UPDATE projects SET org_id = 'org_b'", "UPDATE keys SET project_id = 'project_b'",
            "UPDATE permissions SET org_id = 'org_b'",
            "UPDATE limit_overrides SET project_id = 'project_b', key_id = NULL",
            "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ('org_b', 'user_a', 'owner', 1)",
            "UPDATE memberships SET org_id = 'org_b'",
            "INSERT INTO key_permissions (key_id, permission_id) VALUES ('key_a', 'perm_b')",
            "INSERT INTO key_permissions (key_id, permission_id) VALUES ('key_b', 'perm_a')",
            "INSERT INTO orgs (id, name, created_at, updated_at) VALUES ('org_x', 'x', 1, 1)",
            "UPDATE users SET email = 'x'", "SELECT password_hash FROM users", "SELECT * FROM users",
            "UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "DELETE FROM request_logs",
            "SELECT set_config('role', 'wonkey', true)", "SET ROLE wonkey_proxy",
        ]
        let results = try await probe.results(attempts, as: "wonkey_management", user: "user_a")
        // A superuser's session may take any role; what matters is that the others are denied.
        #expect(zip(attempts, results).dropLast(2).filter { $1 != "denied" }.map(\.0) == [])
    }

    @Test(
        "one who is no admin changes no memberships but leaves; nobody at all sees nothing",
        arguments: ["viewer", "developer"]
    )
    func lesserRoles(role: String) async throws {
        let place = try self.migrated()
        let probe = try await RoleProbe(place)
        try await place.sql(
            """
            INSERT INTO users (id, email, email_folded, created_at, updated_at) VALUES ('user_v', 'v', 'v', 1, 1);
            INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ('org_a', 'user_v', '\(role)', 1);
            """
        )
        let attempts = [
            "SELECT 1 FROM memberships", "UPDATE memberships SET role = 'owner' WHERE user_id = 'user_v'",
            "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ('org_a', 'user_b', 'owner', 1)",
            "DELETE FROM memberships", "SELECT id FROM users",
        ]
        #expect(
            try await probe.results(attempts, as: "wonkey_management", user: "user_v") == [
                "2", "0", "denied", "1", "2",
            ]
        )
        for user in ["", "user_none"] {
            let statements = TenantRows.tables.map { "SELECT 1 FROM \($0.name)" }
            let results = try await probe.results(statements, as: "wonkey_management", user: user)
            #expect(Set(results) == ["0", "denied"])
        }
    }

    @Test("the data plane and the accounts' service may do what is listed, and nothing else")
    func privileges() async throws {
        let place = try self.migrated()
        func privileges(of role: String) async throws -> [String] {
            try await place.sql(
                """
                SELECT table_name || ' ' || string_agg(lower(privilege_type), ' ' ORDER BY privilege_type)
                FROM information_schema.role_table_grants WHERE table_schema = 'public' AND grantee = '\(role)'
                GROUP BY table_name
                UNION ALL
                SELECT c.table_name || '.' || c.column_name || ' ' || lower(c.privilege_type)
                FROM information_schema.role_column_grants c
                WHERE c.table_schema = 'public' AND c.grantee = '\(role)' AND NOT EXISTS (
                    SELECT 1 FROM information_schema.role_table_grants t
                    WHERE t.grantee = c.grantee AND t.table_name = c.table_name AND t.privilege_type = c.privilege_type
                )
                ORDER BY 1
                """
            ).split(separator: "\n").map(String.init)
        }
        #expect(
            try await privileges(of: "wonkey_proxy") == [
                "changes select", "identities.deleted_at select", "identities.external_id select",
                "identities.id select", "key_permissions select", "key_roles select", "keys select",
                "keys.last_used_at update", "limit_overrides select", "log_batches delete insert select",
                "permissions select", "projects select", "request_logs insert", "request_logs.id select",
                "role_permissions select", "schema_migrations select", "usage_daily insert select update",
                "usage_rollups_daily insert select update", "usage_rollups_hourly insert select update",
                "usage_rollups_minutely insert select update",
            ]
        )
        #expect(
            try await privileges(of: "wonkey_accounts") == [
                "audit_log insert", "changes insert", "idempotency_keys delete insert select update",
                "invitations delete select",
                "memberships insert select update", "orgs insert select", "projects insert select",
                "refresh_tokens delete insert select update", "schema_migrations select",
                "sessions delete insert select update", "signing_keys delete insert select update",
                "users insert select update",
            ]
        )
        #expect(try await privileges(of: "PUBLIC") == [])
    }

    @Test("the proxy's role changes nothing but when a key was used last, and reads no record")
    func proxy() async throws {
        let probe = try await RoleProbe(try self.migrated())
        let attempts = [
            "UPDATE keys SET last_used_at = 7", "UPDATE keys SET state = 'revoked'", "SELECT path FROM request_logs",
            "DELETE FROM request_logs", "UPDATE limit_overrides SET quota = 9", "SELECT 1 FROM users",
            "SELECT 1 FROM audit_log", "INSERT INTO changes (kind, project_id, created_at) VALUES ('project', 'p', 1)",
        ]
        let results = try await probe.results(attempts, as: "wonkey_proxy", user: "")
        #expect(results == ["2"] + Array(repeating: "denied", count: 7))
    }

    @Test("a store of a member's is bound by it in every transaction, and the connection is free again after it")
    func scoped() async throws {
        let place = try self.migrated()
        _ = try await RoleProbe(place)
        let database = try PostgresDatabase(Secret(place.url), limits: PostgresLimits(connectionsMax: 1))
        let query: BoundSQL = "SELECT id FROM projects ORDER BY id"
        for (scope, expected) in [
            (.operator, ["project_a", "project_b"]), (.member(UserID(rawValue: "user_a")), ["project_a"]),
            (.member(UserID(rawValue: "user_b")), ["project_b"]), (.member(UserID(rawValue: "")), []),
            (.proxy, ["project_a", "project_b"]), (.operator, ["project_a", "project_b"]),
        ] as [(StoreScope, [String])] {
            let seen = try await database.scoped(to: scope).read { try $0.rows(query) { try $0.text(0) } }
            #expect(seen == expected)
        }
        let foreign: BoundSQL = "UPDATE projects SET name = 'x' WHERE id = 'project_b'"
        let changed = try await database.scoped(to: .member(UserID(rawValue: "user_a"))).write {
            try $0.execute(foreign)
        }
        #expect(changed == 0)
        await database.close()
    }

    @Test("one who may not create roles is told what to run, and nothing is migrated; then it works")
    func unprivileged() async throws {
        let server = try await PostgresServer.start()
        try await server.sql("CREATE ROLE app LOGIN")
        try await server.sql("CREATE DATABASE app OWNER app")
        let database = try PostgresDatabase(Secret(server.url(database: "app", user: "app")))
        let migrator = SQLSchemaMigrator(database, clock: FixedClock())
        do {
            _ = try await migrator.migrate()
            Issue.record("it migrated")
        } catch {
            #expect(error.code == .denied)
            #expect(error.message.contains("CREATE ROLE wonkey_proxy NOLOGIN"), "\(error.message)")
        }
        #expect(try await migrator.pending().count == Migration.all.count)
        try await server.sql(
            """
            CREATE ROLE wonkey_proxy NOLOGIN; CREATE ROLE wonkey_management NOLOGIN; CREATE ROLE wonkey_accounts NOLOGIN;
            GRANT wonkey_proxy, wonkey_management, wonkey_accounts TO app;
            """
        )
        #expect(try await migrator.migrate().count == Migration.all.count)
        // Not a superuser, and so bound by nothing but what it owns.
        let proxy = database.scoped(to: .proxy)
        #expect(
            try await storeErrorCode { _ = try await proxy.read { try $0.hasRow("SELECT 1 FROM users") } } == .denied
        )
        #expect(try await SQLKeyDirectory(proxy).keyRecord(hash: hash("none")) == nil)
        await database.close()
        await server.stop()
    }
}
