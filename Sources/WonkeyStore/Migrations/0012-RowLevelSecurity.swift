extension Migration {
    /// Who may see and change which rows, enforced by PostgreSQL itself.
    ///
    /// `Schema.md` tells of it. Tables belong to the user who migrates, whom policies do not bind; everybody else acts as one
    /// of the group roles, or sees nothing.
    static let rowLevelSecurity = Self(
        number: 12,
        name: "row-level security",
        engine: .postgreSQL,
        template: ([Self.groupRoles, Self.identity, Self.pruning, Self.sealing] + TableRules.all.map(\.sql))
            .joined(separator: "\n\n")
    )

    /// Makes the group roles where they are missing; they belong to the server, not to the database.
    private static let groupRoles = """
        DO $$
        DECLARE
            wanted text;
            advice text := 'as a superuser: CREATE ROLE wonkey_proxy NOLOGIN; CREATE ROLE wonkey_management NOLOGIN; '
                || 'CREATE ROLE wonkey_accounts NOLOGIN; '
                || format('GRANT wonkey_proxy, wonkey_management, wonkey_accounts TO %I', current_user);
        BEGIN
            FOREACH wanted IN ARRAY ARRAY['wonkey_proxy', 'wonkey_management', 'wonkey_accounts'] LOOP
                BEGIN
                    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
                        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
                    END IF;
                EXCEPTION
                    -- Another database of this server is migrated at the same time.
                    WHEN duplicate_object OR unique_violation THEN NULL;
                    WHEN insufficient_privilege THEN
                        RAISE insufficient_privilege USING
                            MESSAGE = format('the role %s is missing, and %s may not create it', wanted, current_user),
                            HINT = advice;
                END;
                BEGIN
                    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                        EXECUTE format('GRANT %I TO %I', wanted, current_user);
                    END IF;
                EXCEPTION WHEN insufficient_privilege THEN
                    IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
                        RAISE insufficient_privilege USING
                            MESSAGE = format('%s is no member of the role %s', current_user, wanted),
                            HINT = advice;
                    END IF;
                END;
            END LOOP;
            EXECUTE format(
                'GRANT USAGE ON SCHEMA %I TO wonkey_proxy, wonkey_management, wonkey_accounts', current_schema()
            );
        END
        $$;
        """

    /// Who acts, and what is theirs; the functions look as the tables' owner, or memberships would guard themselves.
    private static let identity = """
        CREATE FUNCTION wonkey_user_id() RETURNS text LANGUAGE sql STABLE
        AS $$ SELECT NULLIF(current_setting('wonkey.user_id', true), '') $$;

        CREATE FUNCTION wonkey_org_ids() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
        AS $$ SELECT org_id FROM memberships WHERE user_id = wonkey_user_id() $$;

        CREATE FUNCTION wonkey_administered_org_ids() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
        AS $$ SELECT org_id FROM memberships WHERE user_id = wonkey_user_id() AND role IN ('owner', 'admin') $$;

        CREATE FUNCTION wonkey_project_ids() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
        AS $$
            SELECT projects.id FROM projects JOIN memberships ON memberships.org_id = projects.org_id
            WHERE memberships.user_id = wonkey_user_id()
        $$;

        CREATE FUNCTION wonkey_colleague_ids() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
        AS $$
            SELECT wonkey_user_id()
            UNION
            SELECT theirs.user_id FROM memberships AS mine JOIN memberships AS theirs ON theirs.org_id = mine.org_id
            WHERE mine.user_id = wonkey_user_id()
        $$;
        """

    /// The functions look at our tables only.
    private static let sealing = """
        DO $$
        DECLARE
            found text;
        BEGIN
            FOR found IN
                SELECT oid::regprocedure::text FROM pg_proc
                WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'wonkey\\_%'
            LOOP
                -- Temporary tables last, so that nobody's stands in for one of ours.
                EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', found, current_schema());
            END LOOP;
        END
        $$;
        """

    /// Forgets old changes of everybody, whoever appends: those of a member see their own alone.
    private static let pruning = """
        CREATE FUNCTION wonkey_forget_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        AS $$
        BEGIN
            DELETE FROM changes WHERE created_at < (SELECT max(created_at) FROM appended) - 86400000;
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER changes_forget AFTER INSERT ON changes
            REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION wonkey_forget_changes();
        """
}
