/// Whose fault a failed exchange was.
package enum Fault: String, Sendable, CaseIterable {
    case none, downstream, upstream, proxy
}

/// What admission said of a request.
package enum LimitVerdict: String, Sendable, CaseIterable {
    /// Not reached: refused before admission, or the route has no limits.
    case notChecked = "not_checked"
    case admitted, refused
    /// Decided without the counter store (`share` or `allow`).
    case admittedDegraded = "admitted_degraded"
    case refusedDegraded = "refused_degraded"
    /// Answered as before, for its idempotency key; nothing was taken.
    case replayed
    /// Admitted, though a limit in shadow would have refused.
    case shadowRefused = "shadow_refused"
}

/// One request as it is logged.
///
/// Holds no key, no query string and no body.
package struct RequestRecord: Equatable, Sendable {
    /// Unique per request in all processes and sortable by time: inserting the same record twice is harmless.
    package var id: String
    /// The `X-Request-Id` the client and the upstream saw; usually equal to `id`.
    package var requestID: String
    package var time: Timestamp
    package var projectID: ProjectID?
    package var keyID: KeyID?
    package var method: String
    /// The path as sent, without query, secrets redacted, cut at 1024 bytes.
    package var path: String
    package var route: String?
    package var status: Int
    package var latencyMicroseconds: Int64
    package var bytesReceived: Int64
    package var bytesSent: Int64
    package var clientAddress: String
    package var userAgent: String?
    package var limitVerdict: LimitVerdict
    package var fault: Fault
    /// Images returned; 0 for everything but generation.
    package var images: Int

    package init(
        id: String,
        requestID: String,
        time: Timestamp,
        projectID: ProjectID? = nil,
        keyID: KeyID? = nil,
        method: String,
        path: String,
        route: String? = nil,
        status: Int,
        latencyMicroseconds: Int64 = 0,
        bytesReceived: Int64 = 0,
        bytesSent: Int64 = 0,
        clientAddress: String = "",
        userAgent: String? = nil,
        limitVerdict: LimitVerdict = .notChecked,
        fault: Fault = .none,
        images: Int = 0
    ) {
        self.id = id
        self.requestID = requestID
        self.time = time
        self.projectID = projectID
        self.keyID = keyID
        self.method = method
        self.path = path
        self.route = route
        self.status = status
        self.latencyMicroseconds = latencyMicroseconds
        self.bytesReceived = bytesReceived
        self.bytesSent = bytesSent
        self.clientAddress = clientAddress
        self.userAgent = userAgent
        self.limitVerdict = limitVerdict
        self.fault = fault
        self.images = images
    }
}
