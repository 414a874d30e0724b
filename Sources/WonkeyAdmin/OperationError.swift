import WonkeyCore

/// Why an operation did nothing.
package struct OperationError: Error, Equatable {
    package enum Code: Sendable, CaseIterable {
        /// The caller asked for something that can never be; asking again is no use.
        case invalidInput
        case notFound, conflict
        /// The thing has changed since the version that the caller named.
        case outdated
        /// The acting user's role does not reach.
        case forbidden
        /// Nobody is signed in, or not with these credentials.
        case unauthenticated
        /// Too often; see ``OperationError/retryAfter``.
        case rateLimited
        /// The store's schema is older than this program.
        case schemaBehind
        /// The store gives no usable answer.
        case storeUnavailable
        /// The store does not let this program do what it must.
        case storeDenied
    }
    package var code: Code
    /// What is wrong and what to do about it, for whoever asked.
    ///
    /// Holds no key.
    package var message: String
    /// The member of the input that is at fault, such as `expires_at`, where it is one.
    package var field: String?
    /// What the store said, for the operator alone.
    package var detail: String?
    /// When asking again is worth it; for `.rateLimited`.
    package var retryAfter: Duration?

    package init(
        code: Code,
        message: String,
        field: String? = nil,
        detail: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.detail = detail
        self.retryAfter = retryAfter
    }
}

extension OperationError {
    static func invalid(_ message: String, field: String? = nil) -> Self {
        Self(code: .invalidInput, message: message, field: field)
    }

    init(_ error: StoreError) {
        switch error.code {
        case .notFound:
            self.init(code: .notFound, message: "it does not exist any more", detail: error.message)
        case .conflict:
            self.init(code: .conflict, message: "somebody else changed it meanwhile", detail: error.message)
        case .outdated:
            let message = "it was changed meanwhile; read it again and decide anew"
            self.init(code: .outdated, message: message, detail: error.message)
        case .forbidden:
            let message = "your role in the organization does not allow this"
            self.init(code: .forbidden, message: message, detail: error.message)
        case .unavailable:
            self.init(code: .storeUnavailable, message: "the store gives no answer", detail: error.message)
        case .denied:
            let message = "the store does not let this program do that: a grant is missing"
            self.init(code: .storeDenied, message: message, detail: error.message)
        case .full:
            self.init(code: .storeUnavailable, message: "the store has no room left", detail: error.message)
        case .corrupt:
            let message = "the store holds what this version does not understand"
            self.init(code: .storeUnavailable, message: message, detail: error.message)
        }
    }
}

/// Calls a port and turns its error into an operation's.
func asking<Value>(_ call: () async throws(StoreError) -> Value) async throws(OperationError) -> Value {
    do {
        return try await call()
    } catch {
        throw OperationError(error)
    }
}
