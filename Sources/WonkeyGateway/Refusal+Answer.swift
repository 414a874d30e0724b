package import WonkeyCore
package import WonkeyHTTP

/// What a client is told: a problem document and the fields that go with it.
package struct ProblemAnswer {
    package var problem: ProblemDocument
    package var fields: [(FieldName, String)]

    package init(_ problem: ProblemDocument, fields: [(FieldName, String)] = []) {
        self.problem = problem
        self.fields = fields
    }

    /// A problem of our own kind, with a stable `code` member for programs.
    init(
        _ status: Int,
        code: String,
        detail: String,
        type: String = "about:blank",
        title: String? = nil,
        members: [(name: String, value: ProblemDocument.Member)] = [],
        fields: [(FieldName, String)] = []
    ) {
        self.init(
            ProblemDocument(
                type: type,
                title: title,
                status: status,
                detail: detail,
                members: [(name: "code", value: .string(code))] + members
            ),
            fields: fields
        )
    }
}

/// Turns refusals of the gate into answers; the only place that does.
///
/// - SeeAlso: RFC 6750 §3 for the challenges, RFC 6585 §4 for 429, RFC 9457 for the documents.
extension Refusal {
    private static let realm = #"Bearer realm="wonkey""#

    /// The answer to the client; unknown, expired, disabled and revoked keys read alike (A8).
    package var answer: ProblemAnswer {
        switch self {
        case .missingKey:
            ProblemAnswer(
                401,
                code: "missing_key",
                detail: "Send your API key as 'Authorization: Bearer <key>'.",
                fields: [(.wwwAuthenticate, Self.realm)]
            )
        case .malformedCredentials:
            ProblemAnswer(
                400,
                code: "malformed_credentials",
                detail: "Send exactly one 'Authorization: Bearer <key>' field.",
                fields: [(.wwwAuthenticate, Self.realm + #", error="invalid_request""#)]
            )
        case .malformedKey, .unknownKey, .expiredKey, .disabledKey, .revokedKey:
            ProblemAnswer(
                401,
                code: "invalid_key",
                detail: "This API key is not valid. Ask for a new one.",
                fields: [(.wwwAuthenticate, Self.realm + #", error="invalid_token""#)]
            )
        case .insufficientScope(let required): self.scopeAnswer(required)
        case .tooManyUnknownKeys(let retryAfter):
            ProblemAnswer(
                429,
                code: "too_many_unknown_keys",
                detail: "Too many invalid keys came from this address. Wait, then send a valid one.",
                type: "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
                title: "Abnormal Usage Detected",
                fields: [(.retryAfter, "\(RateLimitFields.retryAfter(retryAfter))")]
            )
        case .keyStoreUnavailable: Self.unavailable("key_store_unavailable", "Keys cannot be checked at the moment.")
        case .rateLimited(let retryAfter, let violated): self.rateLimitAnswer(retryAfter, violated)
        case .counterStoreUnavailable:
            Self.unavailable("limits_unavailable", "Limits cannot be checked at the moment.")
        case .noRoute:
            ProblemAnswer(404, code: "no_route", detail: "Nothing is served under this host and path.")
        case .methodNotAllowed(let allowed):
            ProblemAnswer(
                405,
                code: "method_not_allowed",
                detail: "This path takes \(allowed.joined(separator: ", ")).",
                fields: [(.allow, allowed.joined(separator: ", "))]
            )
        case .bodyTooLarge(let limit):
            ProblemAnswer(
                413,
                code: "body_too_large",
                detail: "Send at most \(limit) bytes.",
                members: [(name: "limit", value: .integer(Int64(limit)))]
            )
        case .overloaded: Self.unavailable("overloaded", "Too many requests are under way here. Try again.")
        }
    }

    private func scopeAnswer(_ required: [Permission]) -> ProblemAnswer {
        let scope = required.map(\.rawValue).joined(separator: " ")
        return ProblemAnswer(
            403,
            code: "insufficient_scope",
            detail: "This needs a key with the permission: \(scope).",
            fields: [(.wwwAuthenticate, Self.realm + #", error="insufficient_scope", scope="\#(scope)""#)]
        )
    }

    private func rateLimitAnswer(_ retryAfter: Duration, _ violated: [String]) -> ProblemAnswer {
        let seconds = RateLimitFields.retryAfter(retryAfter)
        return ProblemAnswer(
            429,
            code: "rate_limited",
            detail: "A limit is used up. Try again in \(seconds) s.",
            type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
            title: "Quota Exceeded",
            members: [(name: "violated-policies", value: .array(violated.map { .string($0) }))],
            fields: [(.retryAfter, "\(seconds)")]
        )
    }

    private static func unavailable(_ code: String, _ detail: String) -> ProblemAnswer {
        ProblemAnswer(
            503,
            code: code,
            detail: detail,
            type: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
            title: "Temporarily Reduced Capacity",
            fields: [(.retryAfter, "1")]
        )
    }
}

/// Turns failures on the way to an upstream into answers (F14).
extension UpstreamFault {
    /// What the client is told; nothing of the upstream's own words is in it.
    package var answer: ProblemAnswer {
        switch self {
        // Nothing of certificates is anybody's business out there.
        case .unreachable, .certificateRefused, .tlsFailed:
            ProblemAnswer(502, code: "upstream_unreachable", detail: "The API behind this proxy is away.")
        case .connectTimedOut:
            ProblemAnswer(504, code: "upstream_connect_timeout", detail: "The API behind this proxy did not answer.")
        case .responseTimedOut, .idleTimedOut:
            ProblemAnswer(504, code: "upstream_timeout", detail: "The API behind this proxy took too long.")
        case .brokenFraming:
            ProblemAnswer(502, code: "upstream_invalid", detail: "The API behind this proxy answered with broken HTTP.")
        case .closedEarly:
            ProblemAnswer(502, code: "upstream_closed", detail: "The API behind this proxy broke off its answer.")
        case .circuitOpen(let seconds):
            ProblemAnswer(
                503,
                code: "upstream_circuit_open",
                detail: "The API behind this proxy has failed too often. Try again in \(seconds) s.",
                fields: [(.retryAfter, "\(seconds)")]
            )
        case .overloaded, .shutDown:
            ProblemAnswer(
                503,
                code: "upstream_overloaded",
                detail: "Too many requests wait for the API behind this proxy.",
                fields: [(.retryAfter, "1")]
            )
        }
    }
}

/// Turns requests that must not be forwarded into answers.
extension ForwardingRefusal {
    /// The methods named in `Allow`; others are forwarded as well.
    static let allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

    /// The problem, or `nil` where the answer is none: `Max-Forwards: 0` is answered with 204 and `Allow`.
    package var answer: ProblemAnswer? {
        switch self {
        case .loop: ProblemAnswer(508, code: "loop", detail: "The request has passed this proxy before.")
        case .methodNotAllowed:
            ProblemAnswer(
                405,
                code: "method_not_allowed",
                detail: "This method is not served here.",
                fields: [(.allow, Self.allowedMethods)]
            )
        case .maxForwardsReached: nil
        case .prefixNotFound:
            ProblemAnswer(400, code: "ambiguous_path", detail: "Send the path without '..', '//' and needless escapes.")
        }
    }
}
