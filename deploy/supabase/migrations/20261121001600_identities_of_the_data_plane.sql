-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

GRANT SELECT (id, external_id, deleted_at) ON identities TO wonkey_proxy;
CREATE POLICY wonkey_proxy_select ON identities FOR SELECT TO wonkey_proxy USING (true);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    16, 'identities of the data plane', '\x871d47865416ee3b73b8e889d5fea26430acea467877d26388914a31cefa7e87', (extract(epoch FROM now()) * 1000)::bigint
);
