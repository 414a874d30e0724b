/// A persistent store failed; meant for the log, never for a client.
package struct StoreError: Error {
    package enum Code: Sendable, Equatable {
        /// Away, locked past the deadline, or not readable.
        case unavailable
        /// No room left, on disk or within the configured size.
        case full
        /// The named thing does not exist.
        case notFound
        /// The name or value is taken already.
        case conflict
        /// The thing is not in the version any more that the caller wants to change.
        case outdated
        /// The acting user sees the thing, but their role does not let them change it.
        case forbidden
        /// The database does not let this program do it: a grant is missing.
        case denied
        /// Stored data, or the schema, is not what this version understands.
        case corrupt
    }
    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
