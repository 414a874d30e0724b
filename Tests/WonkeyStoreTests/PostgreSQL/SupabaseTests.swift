import Foundation
import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Supabase")
struct SupabaseTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy/supabase/migrations")

    /// What Supabase has before any migration: users, who acts, roles that do not inherit, and generous defaults.
    private static let standIn = """
        DO $$
        DECLARE
            wanted text;
        BEGIN
            FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
                IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
                END IF;
            END LOOP;
        END
        $$;
        ALTER ROLE service_role BYPASSRLS;
        CREATE SCHEMA auth;
        CREATE TABLE auth.users (id uuid PRIMARY KEY, email varchar(255));
        CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
            SELECT (NULLIF(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
        $$;
        GRANT USAGE ON SCHEMA auth, public TO anon, authenticated, service_role;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
        INSERT INTO auth.users VALUES ('00000000-0000-0000-0000-00000000000e', 'Early@example.com');
        """

    @Test("the files in deploy/supabase are what this version writes")
    func upToDate() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(names == SupabaseLayout.files.map(\.name))
        for file in SupabaseLayout.files {
            let contents = try? String(contentsOf: Self.folder.appending(path: file.name), encoding: .utf8)
            #expect(contents == file.contents, "\(file.name)")
        }
    }

    @Test("Supabase's users are ours, and each sees only what is theirs", .postgres)
    func applied() async throws {
        let place = try #require(PostgresTestDatabase.current)
        try await place.sql(Self.standIn)
        for file in SupabaseLayout.files { try await place.sql("BEGIN;\n\(file.contents)\nCOMMIT;") }
        let database = try PostgresDatabase(Secret(place.url))
        #expect(try await SQLSchemaMigrator(database, clock: FixedClock()).pending().isEmpty)
        await database.close()

        let probe = try await RoleProbe(place)
        let subject = "0a0a0a0a-0000-0000-0000-000000000001"
        try await place.sql("INSERT INTO auth.users VALUES ('\(subject)', 'New@Example.com')")
        try await place.sql(
            "UPDATE users SET external_subject = '\(subject.replacing("1", with: "2"))' WHERE id = 'user_a'"
        )
        #expect(
            try await place.sql("SELECT email_folded FROM users WHERE external_subject IS NOT NULL ORDER BY id")
                == "early@example.com\nnew@example.com\na@x"
        )

        let claims = #"{"sub": "\#(subject.replacing("1", with: "2"))"}"#
        for table in TenantRows.tables {
            let results = try await probe.results(
                [
                    "SELECT 1 FROM \(table.name) WHERE \(table.rows(of: "a"))",
                    "SELECT 1 FROM \(table.name) WHERE NOT (\(table.rows(of: "a")))",
                    "DELETE FROM \(table.name) WHERE NOT (\(table.rows(of: "a")))", table.adding(to: "b", as: "x"),
                ],
                as: "authenticated",
                user: claims,
                setting: "request.jwt.claims"
            )
            let isHidden = ["log_batches", "changes", "sessions", "refresh_tokens", "signing_keys"].contains(table.name)
            #expect(
                results.count == 4 && (results[0] == "denied") == isHidden && results[0] != "0",
                "\(table.name): \(results)"
            )
            #expect(
                ["0", "denied"].contains(results[1]) && ["0", "denied"].contains(results[2]),
                "\(table.name): \(results)"
            )
            #expect(results[3] == "denied", "\(table.name): \(results)")
        }
        let attempts = [
            "SELECT password_hash FROM users", "SELECT wonkey_mirror_user('x', 'y')",
            "SELECT 1 FROM projects WHERE wonkey_user_id() = 'user_a'",
        ]
        let setting = "request.jwt.claims"
        #expect(
            try await probe.results(attempts, as: "authenticated", user: claims, setting: setting) == [
                "denied", "denied", "1",
            ]
        )
        // The setting that our own service uses is nobody else's.
        #expect(try await probe.results(["SELECT 1 FROM projects"], as: "authenticated", user: "user_b") == ["0"])
        let statements = TenantRows.tables.map { "SELECT 1 FROM \($0.name)" }
        let anonymous = try await probe.results(statements, as: "anon", user: "", setting: setting)
        #expect(Set(anonymous) == ["denied"])

        try await place.sql("DELETE FROM auth.users")
        let disabled = try await place.sql("SELECT count(*) FROM users WHERE disabled_at IS NOT NULL")
        #expect(disabled == "2")
    }
}
