extension Problem {
    /// The document's media type.
    static let mediaType = "application/problem+json"

    /// The document.
    ///
    /// - Parameter requestID: The request's id, which becomes `instance`.
    /// - Returns: An object with `type`, `title`, `status`, `detail`, `instance` and, for 422, `errors`.
    func json(requestID: String) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("type", "about:blank"),
            .init("title", .string(Self.title(self.status))),
            .init("status", .integer(Int64(self.status))),
            .init("detail", .string(self.detail)),
            .init("instance", .string("urn:wonkey:request:\(requestID)")),
        ]
        if !self.faults.isEmpty {
            let errors = self.faults.map { fault -> JSONValue in
                ["field": .string(fault.field), "message": .string(fault.message)]
            }
            members.append(.init("errors", .array(errors)))
        }
        return .object(members)
    }

    /// The status's phrase (RFC 9110 §15), as `about:blank` wants it.
    static func title(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: "Error"
        }
    }

    /// The document's schema, the same for every problem.
    static let schema = Schema.object(
        name: "Problem",
        description: "Why a request was not served (RFC 9457).",
        [
            .required("type", .string("What kind it is; `about:blank` says nothing beyond the status.")),
            .required("title", .string("The status's phrase.")),
            .required("status", .integer("The status.", 400...599)),
            .required("detail", .string("What is wrong and what to do about it.")),
            .required("instance", .string("The request's id as a URN, also in `X-Request-Id`.")),
            .optional(
                "errors",
                .array(
                    of: .object([
                        .required("field", .string("The member, parameter or field; empty for the body as a whole.")),
                        .required("message", .string("What is wrong with it.")),
                    ]),
                    "What is wrong, field by field; with 422 alone."
                )
            ),
        ]
    )
}
