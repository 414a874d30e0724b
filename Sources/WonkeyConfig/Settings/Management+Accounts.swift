package import WonkeyCore

extension Configuration.Management {
    /// Limits on signing up and in (`sign_in`).
    package struct SignIn: Hashable, Sendable {
        /// Registrations from one client address.
        package var registerByAddress = Quota(limit: 30, window: .seconds(600))
        /// Registrations of one e-mail address.
        package var registerByAccount = Quota(limit: 10, window: .seconds(3_600))
        /// Sign-ins from one client address.
        package var loginByAddress = Quota(limit: 60, window: .seconds(60))
        /// Bad sign-ins to one account.
        package var loginByAccount = Quota(limit: 10, window: .seconds(900))
        /// Refreshes from one client address.
        package var refreshByAddress = Quota(limit: 120, window: .seconds(60))

        package init() {}
    }

    /// A project of Supabase (`supabase`).
    package struct Supabase: Hashable, Sendable {
        package enum Keys: Hashable, Sendable {
            /// HS256.
            case secret(Secret)
            /// RS256 and ES256, with the public keys there.
            case keySet(url: String)
        }

        package var keys: Keys
        /// What its tokens have as `iss`.
        package var issuer: String
        /// What its tokens have as `aud`.
        package var audience = "authenticated"

        package init(keys: Keys, issuer: String) {
            self.keys = keys
            self.issuer = issuer
        }
    }
}

extension Configuration.Management.SignIn {
    static func read(_ section: inout Section) -> Self {
        var signIn = Self()
        section.read(
            "register_by_address",
            into: &signIn.registerByAddress,
            .quota(of: signIn.registerByAddress),
            "Registrations from one client address."
        )
        section.read(
            "register_by_account",
            into: &signIn.registerByAccount,
            .quota(of: signIn.registerByAccount),
            "Registrations of one e-mail address."
        )
        section.read(
            "login_by_address",
            into: &signIn.loginByAddress,
            .quota(of: signIn.loginByAddress),
            "Sign-ins from one client address, good or bad."
        )
        section.read(
            "login_by_account",
            into: &signIn.loginByAccount,
            .quota(of: signIn.loginByAccount),
            "Bad sign-ins to one account, whether it exists or not."
        )
        section.read(
            "refresh_by_address",
            into: &signIn.refreshByAddress,
            .quota(of: signIn.refreshByAddress),
            "Refreshes of tokens from one client address."
        )
        return signIn
    }
}

extension Kind where Value == Quota {
    /// `{limit: 10, window: 15m}`; what is left out is as it was.
    fileprivate static func quota(of quota: Quota) -> Kind {
        .section { section in
            var quota = quota
            section.read("limit", into: &quota.limit, .integer(1...1_000_000_000), "How many per window.")
            section.read(
                "window",
                into: &quota.window,
                .duration(.seconds(1)...(.seconds(366 * 86_400))),
                "How long a window is; 1s to 366d."
            )
            return quota
        }
    }
}

extension Configuration.Management.Supabase {
    static func read(_ section: inout Section) -> Self {
        let secret = section.optional(
            "jwt_secret",
            .secret(check: Configuration.Management.checkSecret),
            "The project's JWT secret, for tokens signed with HS256."
        )
        let url = section.optional(
            "jwks_url",
            .serviceURL,
            "Where the project's public keys are, as https://abc.supabase.co/auth/v1/.well-known/jwks.json."
        )
        section.exactlyOne(of: ["jwt_secret", "jwks_url"])
        let issuer = section.required(
            "issuer",
            .text(Pattern("^[^ ]{1,255}$", "what the tokens have as iss, as https://abc.supabase.co/auth/v1")),
            "What the tokens have as iss, as https://abc.supabase.co/auth/v1."
        )
        var supabase = Self(keys: secret.map(Keys.secret) ?? .keySet(url: url ?? ""), issuer: issuer)
        section.read(
            "audience",
            into: &supabase.audience,
            .text(Pattern("^[^ ]{1,255}$", "what the tokens have as aud")),
            "What the tokens have as aud."
        )
        return supabase
    }
}
