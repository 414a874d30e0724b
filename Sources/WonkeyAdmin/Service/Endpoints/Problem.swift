package import HTTPTypes
import WonkeyCore

/// Why a request was not served, as the client is told (RFC 9457).
///
/// Nothing in it may come from inside: no store's words, no key, no token.
package struct Problem: Error, Equatable, Sendable {
    /// What is wrong with one member of the body, parameter or field.
    package struct Fault: Equatable, Sendable {
        /// Such as `name`, `limits[0].window` or `If-Match`; empty for the body as a whole.
        package var field: String
        package var message: String

        package init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    package var status: Int
    /// One or two sentences: what is wrong and what the client may do about it.
    package var detail: String
    /// At least one if the status is 422, otherwise none.
    package var faults: [Fault]
    package var fields: HTTPFields

    package init(status: Int, detail: String, faults: [Fault] = [], fields: HTTPFields = [:]) {
        self.status = status
        self.detail = detail
        self.faults = faults
        self.fields = fields
    }
}

extension Problem {
    /// 401; the same for every reason.
    package static func unauthenticated(
        _ detail: String = "Send a valid access token as 'Authorization: Bearer <token>'."
    ) -> Self {
        Self(status: 401, detail: detail, fields: [.wwwAuthenticate: #"Bearer realm="wonkey""#])
    }

    /// 403: the thing is the user's to see, but their role does not let them do this.
    package static func forbidden(_ detail: String) -> Self { Self(status: 403, detail: detail) }

    /// 404, also for what belongs to somebody else.
    package static func notFound(_ detail: String = "There is no such thing.") -> Self {
        Self(status: 404, detail: detail)
    }

    package static func conflict(_ detail: String) -> Self { Self(status: 409, detail: detail) }

    /// 412: it has changed since the client read it.
    package static func preconditionFailed() -> Self {
        Self(status: 412, detail: "It was changed meanwhile. Read it again, then repeat the change.")
    }

    /// 422 for one field.
    package static func invalid(field: String, _ message: String) -> Self {
        .invalid([Fault(field: field, message: message)])
    }

    /// 422 for several fields at once.
    package static func invalid(_ faults: [Fault]) -> Self {
        Self(status: 422, detail: "The request has members that cannot be accepted; see errors.", faults: faults)
    }

    /// 422 for a `cursor` that no page of this list gave.
    package static var badCursor: Self {
        .invalid(field: "cursor", "is no cursor of this list; leave it out to begin at the start")
    }

    /// 429, with the whole seconds until it is worth trying again.
    package static func tooManyRequests(_ detail: String, retryAfter: Duration) -> Self {
        let seconds = max(1, (retryAfter.milliseconds + 999) / 1_000)
        return Self(status: 429, detail: detail, fields: [.retryAfter: "\(seconds)"])
    }

    /// 503; it is worth trying again soon.
    package static func unavailable(_ detail: String) -> Self {
        Self(status: 503, detail: detail, fields: [.retryAfter: "1"])
    }

    /// 500: our fault; the reason is in the log alone.
    package static var failure: Self {
        Self(status: 500, detail: "Something went wrong here. The operator's log has the reason under this instance.")
    }
}

extension Problem {
    /// 405: the path is served, under these methods.
    static func methodNotAllowed(_ allowed: [String]) -> Self {
        let methods = allowed.joined(separator: ", ")
        return Self(status: 405, detail: "This path takes \(methods).", fields: [.allow: methods])
    }
}
