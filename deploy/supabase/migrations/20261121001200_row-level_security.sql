-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

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

CREATE FUNCTION wonkey_forget_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
AS $$
BEGIN
    DELETE FROM changes WHERE created_at < (SELECT max(created_at) FROM appended) - 86400000;
    RETURN NULL;
END
$$;
CREATE TRIGGER changes_forget AFTER INSERT ON changes
    REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION wonkey_forget_changes();

DO $$
DECLARE
    found text;
BEGIN
    FOR found IN
        SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'wonkey\_%'
    LOOP
        -- Temporary tables last, so that nobody's stands in for one of ours.
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', found, current_schema());
    END LOOP;
END
$$;

ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON orgs FROM PUBLIC;
GRANT SELECT ON orgs TO wonkey_management;
CREATE POLICY wonkey_management_select ON orgs FOR SELECT TO wonkey_management
    USING (id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON orgs TO wonkey_management;
CREATE POLICY wonkey_management_update ON orgs FOR UPDATE TO wonkey_management
    USING (id IN (SELECT wonkey_org_ids())) WITH CHECK (id IN (SELECT wonkey_org_ids()));
GRANT SELECT ON orgs TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON orgs FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON orgs TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON orgs FOR INSERT TO wonkey_accounts
    WITH CHECK (true);

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON users FROM PUBLIC;
GRANT SELECT (id, email, email_folded, name, external_subject, created_at, updated_at, disabled_at) ON users TO wonkey_management;
CREATE POLICY wonkey_management_select ON users FOR SELECT TO wonkey_management
    USING (id IN (SELECT wonkey_colleague_ids()));
GRANT SELECT ON users TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON users FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON users TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON users FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT UPDATE ON users TO wonkey_accounts;
CREATE POLICY wonkey_accounts_update ON users FOR UPDATE TO wonkey_accounts
    USING (true) WITH CHECK (true);

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON memberships FROM PUBLIC;
GRANT SELECT ON memberships TO wonkey_management;
CREATE POLICY wonkey_management_select ON memberships FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON memberships TO wonkey_management;
CREATE POLICY wonkey_management_insert ON memberships FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT UPDATE ON memberships TO wonkey_management;
CREATE POLICY wonkey_management_update ON memberships FOR UPDATE TO wonkey_management
    USING (org_id IN (SELECT wonkey_administered_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT DELETE ON memberships TO wonkey_management;
CREATE POLICY wonkey_management_delete ON memberships FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_administered_org_ids()) OR user_id = wonkey_user_id());
GRANT SELECT ON memberships TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON memberships FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON memberships TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON memberships FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT UPDATE ON memberships TO wonkey_accounts;
CREATE POLICY wonkey_accounts_update ON memberships FOR UPDATE TO wonkey_accounts
    USING (true) WITH CHECK (true);

ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON projects FROM PUBLIC;
GRANT SELECT ON projects TO wonkey_management;
CREATE POLICY wonkey_management_select ON projects FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON projects TO wonkey_management;
CREATE POLICY wonkey_management_insert ON projects FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON projects TO wonkey_management;
CREATE POLICY wonkey_management_update ON projects FOR UPDATE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON projects TO wonkey_management;
CREATE POLICY wonkey_management_delete ON projects FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT SELECT ON projects TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON projects FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON projects TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON projects FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT SELECT ON projects TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON projects FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE root_keys ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON root_keys FROM PUBLIC;
GRANT SELECT ON root_keys TO wonkey_management;
CREATE POLICY wonkey_management_select ON root_keys FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON root_keys TO wonkey_management;
CREATE POLICY wonkey_management_insert ON root_keys FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON root_keys TO wonkey_management;
CREATE POLICY wonkey_management_update ON root_keys FOR UPDATE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON root_keys TO wonkey_management;
CREATE POLICY wonkey_management_delete ON root_keys FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));

ALTER TABLE root_key_permissions ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON root_key_permissions FROM PUBLIC;
GRANT SELECT ON root_key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_select ON root_key_permissions FOR SELECT TO wonkey_management
    USING (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));
GRANT INSERT ON root_key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_insert ON root_key_permissions FOR INSERT TO wonkey_management
    WITH CHECK (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));
GRANT UPDATE ON root_key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_update ON root_key_permissions FOR UPDATE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id)) WITH CHECK (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));
GRANT DELETE ON root_key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_delete ON root_key_permissions FOR DELETE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));

ALTER TABLE identities ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON identities FROM PUBLIC;
GRANT SELECT ON identities TO wonkey_management;
CREATE POLICY wonkey_management_select ON identities FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON identities TO wonkey_management;
CREATE POLICY wonkey_management_insert ON identities FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON identities TO wonkey_management;
CREATE POLICY wonkey_management_update ON identities FOR UPDATE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON identities TO wonkey_management;
CREATE POLICY wonkey_management_delete ON identities FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));

ALTER TABLE keys ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON keys FROM PUBLIC;
GRANT SELECT ON keys TO wonkey_management;
CREATE POLICY wonkey_management_select ON keys FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT INSERT ON keys TO wonkey_management;
CREATE POLICY wonkey_management_insert ON keys FOR INSERT TO wonkey_management
    WITH CHECK (project_id IN (SELECT wonkey_project_ids()));
GRANT UPDATE ON keys TO wonkey_management;
CREATE POLICY wonkey_management_update ON keys FOR UPDATE TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids())) WITH CHECK (project_id IN (SELECT wonkey_project_ids()));
GRANT DELETE ON keys TO wonkey_management;
CREATE POLICY wonkey_management_delete ON keys FOR DELETE TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT SELECT ON keys TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON keys FOR SELECT TO wonkey_proxy
    USING (true);
GRANT UPDATE (last_used_at) ON keys TO wonkey_proxy;
CREATE POLICY wonkey_proxy_update ON keys FOR UPDATE TO wonkey_proxy
    USING (true) WITH CHECK (true);

ALTER TABLE permissions ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON permissions FROM PUBLIC;
GRANT SELECT ON permissions TO wonkey_management;
CREATE POLICY wonkey_management_select ON permissions FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON permissions TO wonkey_management;
CREATE POLICY wonkey_management_insert ON permissions FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON permissions TO wonkey_management;
CREATE POLICY wonkey_management_update ON permissions FOR UPDATE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON permissions TO wonkey_management;
CREATE POLICY wonkey_management_delete ON permissions FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT SELECT ON permissions TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON permissions FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE roles ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON roles FROM PUBLIC;
GRANT SELECT ON roles TO wonkey_management;
CREATE POLICY wonkey_management_select ON roles FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON roles TO wonkey_management;
CREATE POLICY wonkey_management_insert ON roles FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON roles TO wonkey_management;
CREATE POLICY wonkey_management_update ON roles FOR UPDATE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON roles TO wonkey_management;
CREATE POLICY wonkey_management_delete ON roles FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));

ALTER TABLE role_permissions ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON role_permissions FROM PUBLIC;
GRANT SELECT ON role_permissions TO wonkey_management;
CREATE POLICY wonkey_management_select ON role_permissions FOR SELECT TO wonkey_management
    USING (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT INSERT ON role_permissions TO wonkey_management;
CREATE POLICY wonkey_management_insert ON role_permissions FOR INSERT TO wonkey_management
    WITH CHECK (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT UPDATE ON role_permissions TO wonkey_management;
CREATE POLICY wonkey_management_update ON role_permissions FOR UPDATE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id)) WITH CHECK (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT DELETE ON role_permissions TO wonkey_management;
CREATE POLICY wonkey_management_delete ON role_permissions FOR DELETE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT SELECT ON role_permissions TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON role_permissions FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE key_permissions ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON key_permissions FROM PUBLIC;
GRANT SELECT ON key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_select ON key_permissions FOR SELECT TO wonkey_management
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT INSERT ON key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_insert ON key_permissions FOR INSERT TO wonkey_management
    WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT UPDATE ON key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_update ON key_permissions FOR UPDATE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id)) WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT DELETE ON key_permissions TO wonkey_management;
CREATE POLICY wonkey_management_delete ON key_permissions FOR DELETE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT SELECT ON key_permissions TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON key_permissions FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE key_roles ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON key_roles FROM PUBLIC;
GRANT SELECT ON key_roles TO wonkey_management;
CREATE POLICY wonkey_management_select ON key_roles FOR SELECT TO wonkey_management
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT INSERT ON key_roles TO wonkey_management;
CREATE POLICY wonkey_management_insert ON key_roles FOR INSERT TO wonkey_management
    WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT UPDATE ON key_roles TO wonkey_management;
CREATE POLICY wonkey_management_update ON key_roles FOR UPDATE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id)) WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT DELETE ON key_roles TO wonkey_management;
CREATE POLICY wonkey_management_delete ON key_roles FOR DELETE TO wonkey_management
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT SELECT ON key_roles TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON key_roles FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE limit_overrides ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON limit_overrides FROM PUBLIC;
GRANT SELECT ON limit_overrides TO wonkey_management;
CREATE POLICY wonkey_management_select ON limit_overrides FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT INSERT ON limit_overrides TO wonkey_management;
CREATE POLICY wonkey_management_insert ON limit_overrides FOR INSERT TO wonkey_management
    WITH CHECK (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT UPDATE ON limit_overrides TO wonkey_management;
CREATE POLICY wonkey_management_update ON limit_overrides FOR UPDATE TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id)) WITH CHECK (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT DELETE ON limit_overrides TO wonkey_management;
CREATE POLICY wonkey_management_delete ON limit_overrides FOR DELETE TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT SELECT ON limit_overrides TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON limit_overrides FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE request_logs ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON request_logs FROM PUBLIC;
GRANT SELECT ON request_logs TO wonkey_management;
CREATE POLICY wonkey_management_select ON request_logs FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT INSERT ON request_logs TO wonkey_proxy;
CREATE POLICY wonkey_proxy_insert ON request_logs FOR INSERT TO wonkey_proxy
    WITH CHECK (true);
GRANT SELECT (id) ON request_logs TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON request_logs FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE log_batches ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON log_batches FROM PUBLIC;
GRANT SELECT ON log_batches TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON log_batches FOR SELECT TO wonkey_proxy
    USING (true);
GRANT INSERT ON log_batches TO wonkey_proxy;
CREATE POLICY wonkey_proxy_insert ON log_batches FOR INSERT TO wonkey_proxy
    WITH CHECK (true);
GRANT DELETE ON log_batches TO wonkey_proxy;
CREATE POLICY wonkey_proxy_delete ON log_batches FOR DELETE TO wonkey_proxy
    USING (true);

ALTER TABLE usage_daily ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON usage_daily FROM PUBLIC;
GRANT SELECT ON usage_daily TO wonkey_management;
CREATE POLICY wonkey_management_select ON usage_daily FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT SELECT ON usage_daily TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON usage_daily FOR SELECT TO wonkey_proxy
    USING (true);
GRANT INSERT ON usage_daily TO wonkey_proxy;
CREATE POLICY wonkey_proxy_insert ON usage_daily FOR INSERT TO wonkey_proxy
    WITH CHECK (true);
GRANT UPDATE ON usage_daily TO wonkey_proxy;
CREATE POLICY wonkey_proxy_update ON usage_daily FOR UPDATE TO wonkey_proxy
    USING (true) WITH CHECK (true);

ALTER TABLE usage_rollups_minutely ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON usage_rollups_minutely FROM PUBLIC;
GRANT SELECT ON usage_rollups_minutely TO wonkey_management;
CREATE POLICY wonkey_management_select ON usage_rollups_minutely FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT SELECT ON usage_rollups_minutely TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON usage_rollups_minutely FOR SELECT TO wonkey_proxy
    USING (true);
GRANT INSERT ON usage_rollups_minutely TO wonkey_proxy;
CREATE POLICY wonkey_proxy_insert ON usage_rollups_minutely FOR INSERT TO wonkey_proxy
    WITH CHECK (true);
GRANT UPDATE ON usage_rollups_minutely TO wonkey_proxy;
CREATE POLICY wonkey_proxy_update ON usage_rollups_minutely FOR UPDATE TO wonkey_proxy
    USING (true) WITH CHECK (true);

ALTER TABLE usage_rollups_hourly ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON usage_rollups_hourly FROM PUBLIC;
GRANT SELECT ON usage_rollups_hourly TO wonkey_management;
CREATE POLICY wonkey_management_select ON usage_rollups_hourly FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT SELECT ON usage_rollups_hourly TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON usage_rollups_hourly FOR SELECT TO wonkey_proxy
    USING (true);
GRANT INSERT ON usage_rollups_hourly TO wonkey_proxy;
CREATE POLICY wonkey_proxy_insert ON usage_rollups_hourly FOR INSERT TO wonkey_proxy
    WITH CHECK (true);
GRANT UPDATE ON usage_rollups_hourly TO wonkey_proxy;
CREATE POLICY wonkey_proxy_update ON usage_rollups_hourly FOR UPDATE TO wonkey_proxy
    USING (true) WITH CHECK (true);

ALTER TABLE usage_rollups_daily ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON usage_rollups_daily FROM PUBLIC;
GRANT SELECT ON usage_rollups_daily TO wonkey_management;
CREATE POLICY wonkey_management_select ON usage_rollups_daily FOR SELECT TO wonkey_management
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT SELECT ON usage_rollups_daily TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON usage_rollups_daily FOR SELECT TO wonkey_proxy
    USING (true);
GRANT INSERT ON usage_rollups_daily TO wonkey_proxy;
CREATE POLICY wonkey_proxy_insert ON usage_rollups_daily FOR INSERT TO wonkey_proxy
    WITH CHECK (true);
GRANT UPDATE ON usage_rollups_daily TO wonkey_proxy;
CREATE POLICY wonkey_proxy_update ON usage_rollups_daily FOR UPDATE TO wonkey_proxy
    USING (true) WITH CHECK (true);

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON sessions FROM PUBLIC;
GRANT SELECT ON sessions TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON sessions FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON sessions TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON sessions FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT UPDATE ON sessions TO wonkey_accounts;
CREATE POLICY wonkey_accounts_update ON sessions FOR UPDATE TO wonkey_accounts
    USING (true) WITH CHECK (true);
GRANT DELETE ON sessions TO wonkey_accounts;
CREATE POLICY wonkey_accounts_delete ON sessions FOR DELETE TO wonkey_accounts
    USING (true);

ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON refresh_tokens FROM PUBLIC;
GRANT SELECT ON refresh_tokens TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON refresh_tokens FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON refresh_tokens TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON refresh_tokens FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT UPDATE ON refresh_tokens TO wonkey_accounts;
CREATE POLICY wonkey_accounts_update ON refresh_tokens FOR UPDATE TO wonkey_accounts
    USING (true) WITH CHECK (true);
GRANT DELETE ON refresh_tokens TO wonkey_accounts;
CREATE POLICY wonkey_accounts_delete ON refresh_tokens FOR DELETE TO wonkey_accounts
    USING (true);

ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON signing_keys FROM PUBLIC;
GRANT SELECT ON signing_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON signing_keys FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON signing_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON signing_keys FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT UPDATE ON signing_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_update ON signing_keys FOR UPDATE TO wonkey_accounts
    USING (true) WITH CHECK (true);
GRANT DELETE ON signing_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_delete ON signing_keys FOR DELETE TO wonkey_accounts
    USING (true);

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON invitations FROM PUBLIC;
GRANT SELECT ON invitations TO wonkey_management;
CREATE POLICY wonkey_management_select ON invitations FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON invitations TO wonkey_management;
CREATE POLICY wonkey_management_insert ON invitations FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT DELETE ON invitations TO wonkey_management;
CREATE POLICY wonkey_management_delete ON invitations FOR DELETE TO wonkey_management
    USING (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT SELECT ON invitations TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON invitations FOR SELECT TO wonkey_accounts
    USING (true);
GRANT DELETE ON invitations TO wonkey_accounts;
CREATE POLICY wonkey_accounts_delete ON invitations FOR DELETE TO wonkey_accounts
    USING (true);

ALTER TABLE changes ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON changes FROM PUBLIC;
GRANT INSERT ON changes TO wonkey_management;
CREATE POLICY wonkey_management_insert ON changes FOR INSERT TO wonkey_management
    WITH CHECK (project_id IN (SELECT wonkey_project_ids()));
GRANT INSERT ON changes TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON changes FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT SELECT ON changes TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON changes FOR SELECT TO wonkey_proxy
    USING (true);

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON audit_log FROM PUBLIC;
GRANT SELECT ON audit_log TO wonkey_management;
CREATE POLICY wonkey_management_select ON audit_log FOR SELECT TO wonkey_management
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON audit_log TO wonkey_management;
CREATE POLICY wonkey_management_insert ON audit_log FOR INSERT TO wonkey_management
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON audit_log TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON audit_log FOR INSERT TO wonkey_accounts
    WITH CHECK (true);

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON idempotency_keys FROM PUBLIC;
GRANT SELECT ON idempotency_keys TO wonkey_management;
CREATE POLICY wonkey_management_select ON idempotency_keys FOR SELECT TO wonkey_management
    USING (user_id = wonkey_user_id());
GRANT INSERT ON idempotency_keys TO wonkey_management;
CREATE POLICY wonkey_management_insert ON idempotency_keys FOR INSERT TO wonkey_management
    WITH CHECK (user_id = wonkey_user_id());
GRANT UPDATE ON idempotency_keys TO wonkey_management;
CREATE POLICY wonkey_management_update ON idempotency_keys FOR UPDATE TO wonkey_management
    USING (user_id = wonkey_user_id()) WITH CHECK (user_id = wonkey_user_id());
GRANT DELETE ON idempotency_keys TO wonkey_management;
CREATE POLICY wonkey_management_delete ON idempotency_keys FOR DELETE TO wonkey_management
    USING (user_id = wonkey_user_id());
GRANT SELECT ON idempotency_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON idempotency_keys FOR SELECT TO wonkey_accounts
    USING (true);
GRANT INSERT ON idempotency_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_insert ON idempotency_keys FOR INSERT TO wonkey_accounts
    WITH CHECK (true);
GRANT UPDATE ON idempotency_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_update ON idempotency_keys FOR UPDATE TO wonkey_accounts
    USING (true) WITH CHECK (true);
GRANT DELETE ON idempotency_keys TO wonkey_accounts;
CREATE POLICY wonkey_accounts_delete ON idempotency_keys FOR DELETE TO wonkey_accounts
    USING (true);

ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON schema_migrations FROM PUBLIC;
GRANT SELECT ON schema_migrations TO wonkey_management;
CREATE POLICY wonkey_management_select ON schema_migrations FOR SELECT TO wonkey_management
    USING (true);
GRANT SELECT ON schema_migrations TO wonkey_accounts;
CREATE POLICY wonkey_accounts_select ON schema_migrations FOR SELECT TO wonkey_accounts
    USING (true);
GRANT SELECT ON schema_migrations TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON schema_migrations FOR SELECT TO wonkey_proxy
    USING (true);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    12, 'row-level security', '\xf7f9b571334df7f789ab1fcb31865fc379710b65391d5a0849197b11a96d7776', (extract(epoch FROM now()) * 1000)::bigint
);
