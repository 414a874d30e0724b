-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE OR REPLACE FUNCTION wonkey_user_id() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT CASE
        WHEN current_setting('role', true) = 'wonkey_management'
        THEN NULLIF(current_setting('wonkey.user_id', true), '')
        ELSE (SELECT id FROM users WHERE external_subject = auth.uid()::text AND disabled_at IS NULL)
    END
$$;

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

REVOKE ALL ON orgs FROM anon, authenticated;
GRANT SELECT ON orgs TO authenticated;
CREATE POLICY authenticated_select ON orgs FOR SELECT TO authenticated
    USING (id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON orgs TO authenticated;
CREATE POLICY authenticated_update ON orgs FOR UPDATE TO authenticated
    USING (id IN (SELECT wonkey_org_ids())) WITH CHECK (id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON users FROM anon, authenticated;
GRANT SELECT (id, email, email_folded, name, external_subject, created_at, updated_at, disabled_at) ON users TO authenticated;
CREATE POLICY authenticated_select ON users FOR SELECT TO authenticated
    USING (id IN (SELECT wonkey_colleague_ids()));

REVOKE ALL ON memberships FROM anon, authenticated;
GRANT SELECT ON memberships TO authenticated;
CREATE POLICY authenticated_select ON memberships FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON memberships TO authenticated;
CREATE POLICY authenticated_insert ON memberships FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT UPDATE ON memberships TO authenticated;
CREATE POLICY authenticated_update ON memberships FOR UPDATE TO authenticated
    USING (org_id IN (SELECT wonkey_administered_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT DELETE ON memberships TO authenticated;
CREATE POLICY authenticated_delete ON memberships FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_administered_org_ids()) OR user_id = wonkey_user_id());

REVOKE ALL ON projects FROM anon, authenticated;
GRANT SELECT ON projects TO authenticated;
CREATE POLICY authenticated_select ON projects FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON projects TO authenticated;
CREATE POLICY authenticated_insert ON projects FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON projects TO authenticated;
CREATE POLICY authenticated_update ON projects FOR UPDATE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON projects TO authenticated;
CREATE POLICY authenticated_delete ON projects FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON root_keys FROM anon, authenticated;
GRANT SELECT ON root_keys TO authenticated;
CREATE POLICY authenticated_select ON root_keys FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON root_keys TO authenticated;
CREATE POLICY authenticated_insert ON root_keys FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON root_keys TO authenticated;
CREATE POLICY authenticated_update ON root_keys FOR UPDATE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON root_keys TO authenticated;
CREATE POLICY authenticated_delete ON root_keys FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON root_key_permissions FROM anon, authenticated;
GRANT SELECT ON root_key_permissions TO authenticated;
CREATE POLICY authenticated_select ON root_key_permissions FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));
GRANT INSERT ON root_key_permissions TO authenticated;
CREATE POLICY authenticated_insert ON root_key_permissions FOR INSERT TO authenticated
    WITH CHECK (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));
GRANT UPDATE ON root_key_permissions TO authenticated;
CREATE POLICY authenticated_update ON root_key_permissions FOR UPDATE TO authenticated
    USING (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id)) WITH CHECK (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));
GRANT DELETE ON root_key_permissions TO authenticated;
CREATE POLICY authenticated_delete ON root_key_permissions FOR DELETE TO authenticated
    USING (EXISTS (SELECT 1 FROM root_keys WHERE root_keys.id = root_key_id));

REVOKE ALL ON identities FROM anon, authenticated;
GRANT SELECT ON identities TO authenticated;
CREATE POLICY authenticated_select ON identities FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON identities TO authenticated;
CREATE POLICY authenticated_insert ON identities FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON identities TO authenticated;
CREATE POLICY authenticated_update ON identities FOR UPDATE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON identities TO authenticated;
CREATE POLICY authenticated_delete ON identities FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON keys FROM anon, authenticated;
GRANT SELECT ON keys TO authenticated;
CREATE POLICY authenticated_select ON keys FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));
GRANT INSERT ON keys TO authenticated;
CREATE POLICY authenticated_insert ON keys FOR INSERT TO authenticated
    WITH CHECK (project_id IN (SELECT wonkey_project_ids()));
GRANT UPDATE ON keys TO authenticated;
CREATE POLICY authenticated_update ON keys FOR UPDATE TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids())) WITH CHECK (project_id IN (SELECT wonkey_project_ids()));
GRANT DELETE ON keys TO authenticated;
CREATE POLICY authenticated_delete ON keys FOR DELETE TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON permissions FROM anon, authenticated;
GRANT SELECT ON permissions TO authenticated;
CREATE POLICY authenticated_select ON permissions FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON permissions TO authenticated;
CREATE POLICY authenticated_insert ON permissions FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON permissions TO authenticated;
CREATE POLICY authenticated_update ON permissions FOR UPDATE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON permissions TO authenticated;
CREATE POLICY authenticated_delete ON permissions FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON roles FROM anon, authenticated;
GRANT SELECT ON roles TO authenticated;
CREATE POLICY authenticated_select ON roles FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON roles TO authenticated;
CREATE POLICY authenticated_insert ON roles FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT UPDATE ON roles TO authenticated;
CREATE POLICY authenticated_update ON roles FOR UPDATE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids())) WITH CHECK (org_id IN (SELECT wonkey_org_ids()));
GRANT DELETE ON roles TO authenticated;
CREATE POLICY authenticated_delete ON roles FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON role_permissions FROM anon, authenticated;
GRANT SELECT ON role_permissions TO authenticated;
CREATE POLICY authenticated_select ON role_permissions FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT INSERT ON role_permissions TO authenticated;
CREATE POLICY authenticated_insert ON role_permissions FOR INSERT TO authenticated
    WITH CHECK (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT UPDATE ON role_permissions TO authenticated;
CREATE POLICY authenticated_update ON role_permissions FOR UPDATE TO authenticated
    USING (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id)) WITH CHECK (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT DELETE ON role_permissions TO authenticated;
CREATE POLICY authenticated_delete ON role_permissions FOR DELETE TO authenticated
    USING (EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));

REVOKE ALL ON key_permissions FROM anon, authenticated;
GRANT SELECT ON key_permissions TO authenticated;
CREATE POLICY authenticated_select ON key_permissions FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT INSERT ON key_permissions TO authenticated;
CREATE POLICY authenticated_insert ON key_permissions FOR INSERT TO authenticated
    WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT UPDATE ON key_permissions TO authenticated;
CREATE POLICY authenticated_update ON key_permissions FOR UPDATE TO authenticated
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id)) WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));
GRANT DELETE ON key_permissions TO authenticated;
CREATE POLICY authenticated_delete ON key_permissions FOR DELETE TO authenticated
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM permissions WHERE permissions.id = permission_id));

REVOKE ALL ON key_roles FROM anon, authenticated;
GRANT SELECT ON key_roles TO authenticated;
CREATE POLICY authenticated_select ON key_roles FOR SELECT TO authenticated
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT INSERT ON key_roles TO authenticated;
CREATE POLICY authenticated_insert ON key_roles FOR INSERT TO authenticated
    WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT UPDATE ON key_roles TO authenticated;
CREATE POLICY authenticated_update ON key_roles FOR UPDATE TO authenticated
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id)) WITH CHECK (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));
GRANT DELETE ON key_roles TO authenticated;
CREATE POLICY authenticated_delete ON key_roles FOR DELETE TO authenticated
    USING (EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) AND EXISTS (SELECT 1 FROM roles WHERE roles.id = role_id));

REVOKE ALL ON limit_overrides FROM anon, authenticated;
GRANT SELECT ON limit_overrides TO authenticated;
CREATE POLICY authenticated_select ON limit_overrides FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT INSERT ON limit_overrides TO authenticated;
CREATE POLICY authenticated_insert ON limit_overrides FOR INSERT TO authenticated
    WITH CHECK (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT UPDATE ON limit_overrides TO authenticated;
CREATE POLICY authenticated_update ON limit_overrides FOR UPDATE TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id)) WITH CHECK (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));
GRANT DELETE ON limit_overrides TO authenticated;
CREATE POLICY authenticated_delete ON limit_overrides FOR DELETE TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()) OR EXISTS (SELECT 1 FROM keys WHERE keys.id = key_id) OR EXISTS (SELECT 1 FROM identities WHERE identities.id = identity_id));

REVOKE ALL ON request_logs FROM anon, authenticated;
GRANT SELECT ON request_logs TO authenticated;
CREATE POLICY authenticated_select ON request_logs FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON log_batches FROM anon, authenticated;

REVOKE ALL ON usage_daily FROM anon, authenticated;
GRANT SELECT ON usage_daily TO authenticated;
CREATE POLICY authenticated_select ON usage_daily FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON usage_rollups_minutely FROM anon, authenticated;
GRANT SELECT ON usage_rollups_minutely TO authenticated;
CREATE POLICY authenticated_select ON usage_rollups_minutely FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON usage_rollups_hourly FROM anon, authenticated;
GRANT SELECT ON usage_rollups_hourly TO authenticated;
CREATE POLICY authenticated_select ON usage_rollups_hourly FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON usage_rollups_daily FROM anon, authenticated;
GRANT SELECT ON usage_rollups_daily TO authenticated;
CREATE POLICY authenticated_select ON usage_rollups_daily FOR SELECT TO authenticated
    USING (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON sessions FROM anon, authenticated;

REVOKE ALL ON refresh_tokens FROM anon, authenticated;

REVOKE ALL ON signing_keys FROM anon, authenticated;

REVOKE ALL ON invitations FROM anon, authenticated;
GRANT SELECT ON invitations TO authenticated;
CREATE POLICY authenticated_select ON invitations FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON invitations TO authenticated;
CREATE POLICY authenticated_insert ON invitations FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_administered_org_ids()));
GRANT DELETE ON invitations TO authenticated;
CREATE POLICY authenticated_delete ON invitations FOR DELETE TO authenticated
    USING (org_id IN (SELECT wonkey_administered_org_ids()));

REVOKE ALL ON changes FROM anon, authenticated;
GRANT INSERT ON changes TO authenticated;
CREATE POLICY authenticated_insert ON changes FOR INSERT TO authenticated
    WITH CHECK (project_id IN (SELECT wonkey_project_ids()));

REVOKE ALL ON audit_log FROM anon, authenticated;
GRANT SELECT ON audit_log TO authenticated;
CREATE POLICY authenticated_select ON audit_log FOR SELECT TO authenticated
    USING (org_id IN (SELECT wonkey_org_ids()));
GRANT INSERT ON audit_log TO authenticated;
CREATE POLICY authenticated_insert ON audit_log FOR INSERT TO authenticated
    WITH CHECK (org_id IN (SELECT wonkey_org_ids()));

REVOKE ALL ON idempotency_keys FROM anon, authenticated;
GRANT SELECT ON idempotency_keys TO authenticated;
CREATE POLICY authenticated_select ON idempotency_keys FOR SELECT TO authenticated
    USING (user_id = wonkey_user_id());
GRANT INSERT ON idempotency_keys TO authenticated;
CREATE POLICY authenticated_insert ON idempotency_keys FOR INSERT TO authenticated
    WITH CHECK (user_id = wonkey_user_id());
GRANT UPDATE ON idempotency_keys TO authenticated;
CREATE POLICY authenticated_update ON idempotency_keys FOR UPDATE TO authenticated
    USING (user_id = wonkey_user_id()) WITH CHECK (user_id = wonkey_user_id());
GRANT DELETE ON idempotency_keys TO authenticated;
CREATE POLICY authenticated_delete ON idempotency_keys FOR DELETE TO authenticated
    USING (user_id = wonkey_user_id());

REVOKE ALL ON schema_migrations FROM anon, authenticated;
GRANT SELECT ON schema_migrations TO authenticated;
CREATE POLICY authenticated_select ON schema_migrations FOR SELECT TO authenticated
    USING (true);
