import WonkeyAdmin
import WonkeyConfig
import WonkeyCore

extension TokenSettings {
    /// Settings out of a validated configuration: `management.token_secret`, else `WONKEY_JWT_SECRET`, else none.
    ///
    /// - Throws: ``CommandFailure`` for a variable that is too short.
    init(_ management: Configuration.Management, environment: [String: String]) throws {
        self.init()
        if !management.tokenSecret.isEmpty {
            self.secret = management.tokenSecret
        } else if let variable = environment["WONKEY_JWT_SECRET"], !variable.isEmpty {
            guard variable.utf8.count >= Self.secretSizeMin else {
                let advice = "`openssl rand -base64 48` makes one"
                throw CommandFailure.usage(
                    "WONKEY_JWT_SECRET must have at least \(Self.secretSizeMin) bytes; \(advice)"
                )
            }
            self.secret = Secret(variable)
        }
    }
}

extension SupabaseSettings {
    init(_ supabase: Configuration.Management.Supabase) {
        let keys: Keys =
            switch supabase.keys {
            case .secret(let secret): .secret(secret)
            case .keySet(let url): .keySet(url: url)
            }
        self.init(keys: keys, issuer: supabase.issuer, audience: supabase.audience)
    }
}

extension SignInLimits {
    init(_ signIn: Configuration.Management.SignIn) {
        self.init()
        self.registerByAddress = signIn.registerByAddress
        self.registerByAccount = signIn.registerByAccount
        self.loginByAddress = signIn.loginByAddress
        self.loginByAccount = signIn.loginByAccount
        self.refreshByAddress = signIn.refreshByAddress
    }
}
