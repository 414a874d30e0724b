import WonkeyCore

/// Why an operation did nothing.
package struct OperationError: Error, Equatable {
    package enum Code: Sendable, CaseIterable {
        /// The caller asked for something that can never be; asking again is no use.
        case invalidInput
        case notFound, conflict
        /// The store's schema is older than this program.
        case schemaBehind
        /// The store gives no usable answer.
        case storeUnavailable
    }
    package var code: Code
    /// What is wrong and what to do about it, for whoever asked.
    ///
    /// Holds no key.
    package var message: String
    /// What the store said, for the operator alone.
    package var detail: String?

    package init(code: Code, message: String, detail: String? = nil) {
        self.code = code
        self.message = message
        self.detail = detail
    }
}

extension OperationError {
    static func invalid(_ message: String) -> Self {
        Self(code: .invalidInput, message: message)
    }

    init(_ error: StoreError) {
        switch error.code {
        case .notFound:
            self.init(code: .notFound, message: "it does not exist any more", detail: error.message)
        case .conflict:
            self.init(code: .conflict, message: "somebody else changed it meanwhile", detail: error.message)
        case .unavailable:
            self.init(code: .storeUnavailable, message: "the store gives no answer", detail: error.message)
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
