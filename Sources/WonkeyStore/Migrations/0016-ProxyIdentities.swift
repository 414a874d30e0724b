extension Migration {
    /// Lets the data plane see which customer a key belongs to.
    static let proxyIdentities = Self(
        number: 16,
        name: "identities of the data plane",
        engine: .postgreSQL,
        template: """
            GRANT SELECT (id, external_id, deleted_at) ON identities TO wonkey_proxy;
            CREATE POLICY wonkey_proxy_select ON identities FOR SELECT TO wonkey_proxy USING (true);
            """
    )
}
