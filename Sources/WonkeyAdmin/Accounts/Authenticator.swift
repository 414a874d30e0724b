package import WonkeyCore

/// Who a request of the management API acts for.
package struct Principal: Hashable, Sendable {
    package var user: User
    /// The sign-in that the token came from; `nil` for tokens of another issuer.
    package var session: SessionID?

    package init(user: User, session: SessionID? = nil) {
        self.user = user
        self.session = session
    }
}

/// Tells whose token a request carries.
package protocol Authenticator: Sendable {
    /// Checks a token wholly: signature, times, issuer, audience, and that its session and user are still good.
    ///
    /// - Parameter bearer: What stands after `Bearer ` in `Authorization`.
    /// - Returns: Whose it is.
    /// - Throws: ``AuthenticationError``.
    func authenticate(bearer: String) async throws(AuthenticationError) -> Principal
}

/// Why a token lets nobody in.
package struct AuthenticationError: Error, Equatable {
    package enum Code: Sendable, CaseIterable {
        /// Not a token of ours or of the accepted issuer, or one that is no longer good: 401 `invalid_token`.
        case invalidToken
        /// It was good, and its time is over: 401, and the client may use its refresh token.
        case expiredToken
        /// Nobody can tell, because the store or the issuer's keys are away: 503.
        case unavailable
    }
    package var code: Code
    /// For the log, never for a client; holds no token.
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}
