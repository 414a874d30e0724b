-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

-- nothing to do on this engine

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    15, 'log arrival counter', '\x836f52ec330fd3c44e54222dc3e485d55e9ff494c0ffad8070c47e910239469b', (extract(epoch FROM now()) * 1000)::bigint
);
