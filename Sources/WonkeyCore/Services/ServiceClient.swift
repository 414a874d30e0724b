/// A call to a service over HTTP, such as an image provider or an object store.
package struct ServiceRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`.
    package var url: String
    /// Validated by the client: tokens as names, no control bytes in values.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// For the whole call, from start to the last byte of the answer.
    package var timeout: Duration
    /// Answers larger than this end with ``ServiceError/Code/responseTooLarge``.
    package var responseSizeMax: Int

    package init(
        method: String,
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        timeout: Duration,
        responseSizeMax: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.responseSizeMax = responseSizeMax
    }
}

/// A service's complete answer, of whatever status.
package struct ServiceResponse: Sendable {
    package var status: Int
    /// In the order received, names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a field, its name given in lower case.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name == name }?.value
    }
}

/// A service call that ended without a complete answer; meant for the log, never for a client.
package struct ServiceError: Error {
    package enum Code: Sendable, Equatable {
        /// No connection was made: no byte was sent, the call may be repeated.
        case unreachable
        /// The connection broke after bytes were sent, or the answer was cut short.
        case broken
        /// The server's certificate or the TLS handshake failed.
        case tls
        case timedOut, cancelled, responseTooLarge, invalidRequest
    }
    package var code: Code
    /// Names the cause without URL query, field values or bodies.
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

/// Calls services; never repeats a call by itself.
package protocol ServiceClient: Sendable {
    /// Sends one request and waits for the complete answer.
    ///
    /// Cancelling the task ends the transfer and throws ``ServiceError/Code/cancelled``.
    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceResponse
}
