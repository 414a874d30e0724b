/// The schema as files of a Supabase project: `deploy/supabase/migrations/<timestamp>_<name>.sql`.
///
/// The same steps as ``Migration/all``, noted in `schema_migrations` so that WonKey finds nothing left to do, and a file that
/// ties them to Supabase: its users, its `auth.uid()`, its roles.
package enum SupabaseLayout {
    package struct File: Equatable, Sendable {
        package var name: String
        package var contents: String
    }

    /// All files, in order; a file that was published never changes.
    package static var files: [File] {
        var files: [File] = []
        for step in Migration.all.sorted(by: { $0.number < $1.number }) {
            files.append(self.file(step, at: "\(self.twoDigits(step.number))00", step.name.replacing(" ", with: "_")))
            guard step.number == Migration.rowLevelSecurity.number else { continue }
            files.append(
                File(
                    name: "\(self.day)00\(self.twoDigits(step.number))30_supabase.sql",
                    contents: "\(self.header)\n\n\(self.binding)\n"
                )
            )
        }
        return files
    }

    private static let day = "20261121"

    private static let header = "-- Written by `wonkey-admin migrate --print-supabase`; do not edit."

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func file(_ step: Migration, at time: String, _ name: String) -> File {
        let digits = step.checksum.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let note = """
            INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
                \(step.number), '\(step.name)', '\\x\(digits)', (extract(epoch FROM now()) * 1000)::bigint
            );
            """
        let table = step.number == 1 ? SQLSchemaMigrator.table.sql(in: .postgreSQL) + "\n\n" : ""
        return File(
            name: "\(self.day)00\(time)_\(name).sql",
            contents: "\(self.header)\n\n\(table)\(step.sql(in: .postgreSQL))\n\n\(note)\n"
        )
    }

    private static var binding: String {
        let rules = TableRules.all.map { rules in
            (["REVOKE ALL ON \(rules.table) FROM anon, authenticated;"]
                + rules.grants(of: .management, to: "authenticated")).joined(separator: "\n")
        }
        return ([self.identity, self.mirror] + rules).joined(separator: "\n\n")
    }

    /// Supabase's user acts, except where WonKey's own management service does for one.
    private static let identity = """
        CREATE OR REPLACE FUNCTION wonkey_user_id() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp
        AS $$
            SELECT CASE
                WHEN current_setting('role', true) = 'wonkey_management'
                THEN NULLIF(current_setting('wonkey.user_id', true), '')
                ELSE (SELECT id FROM users WHERE external_subject = auth.uid()::text AND disabled_at IS NULL)
            END
        $$;
        """

    /// Supabase's users are ours, known by their id there; a new one gets an organization and a project.
    ///
    /// An address that is taken here already is not: who has it there may not be who has it here.
    private static let mirror = """
        CREATE FUNCTION wonkey_mirror_user(subject text, address text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp
        AS $$
        DECLARE
            moment bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
            suffix text := replace(subject, '-', '');
        BEGIN
            IF address IS NULL OR address = '' THEN RETURN; END IF;
            UPDATE users SET email = address, email_folded = lower(address), updated_at = moment, disabled_at = NULL
            WHERE external_subject = subject;
            IF FOUND THEN RETURN; END IF;
            INSERT INTO users (id, email, email_folded, external_subject, created_at, updated_at)
            VALUES ('user_' || suffix, address, lower(address), subject, moment, moment) ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN RETURN; END IF;
            INSERT INTO orgs (id, name, created_at, updated_at) VALUES ('org_' || suffix, address, moment, moment);
            INSERT INTO memberships (org_id, user_id, role, created_at)
            VALUES ('org_' || suffix, 'user_' || suffix, 'owner', moment);
            INSERT INTO projects (id, org_id, name, default_of, created_at, updated_at)
            VALUES ('proj_' || suffix, 'org_' || suffix, 'Default', 'user_' || suffix, moment, moment);
        END
        $$;
        REVOKE ALL ON FUNCTION wonkey_mirror_user(text, text) FROM PUBLIC, anon, authenticated;

        CREATE FUNCTION wonkey_user_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp
        AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                UPDATE users SET disabled_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
                WHERE external_subject = OLD.id::text;
            ELSE
                PERFORM wonkey_mirror_user(NEW.id::text, NEW.email::text);
            END IF;
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER wonkey_user_changed AFTER INSERT OR DELETE OR UPDATE OF email ON auth.users
            FOR EACH ROW EXECUTE FUNCTION wonkey_user_changed();
        SELECT wonkey_mirror_user(id::text, email::text) FROM auth.users;
        """
}
