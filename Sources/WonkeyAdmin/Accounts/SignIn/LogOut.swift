package import WonkeyCore

/// Ends a session: its access and refresh tokens are good no more.
package struct LogOut: Sendable {
    /// `nil` for tokens of another issuer, who alone can end what it began.
    package var session: SessionID?

    package init(session: SessionID?) {
        self.session = session
    }

    package func run(in context: SignInContext) async throws(OperationError) {
        guard let session = self.session else { return }
        try await asking { () async throws(StoreError) in
            try await context.store.endSession(session, at: context.clock.now, by: context.actor)
        }
    }
}
