import HTTPTypes
import WonkeyCore

/// Turns what operations and stores throw into problems; the only place that does.
extension Problem {
    /// The problem of an error; what is none of ours is a failure of the service.
    package init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as OperationError: self.init(error)
        case let error as AuthenticationError: self.init(error)
        case let error as StoreError: self.init(OperationError(error))
        default: self = .failure
        }
    }

    private init(_ error: OperationError) {
        let detail = Self.sentence(error.message)
        switch error.code {
        case .invalidInput: self = .invalid(field: error.field ?? "", error.message)
        case .unauthenticated: self = .unauthenticated(detail)
        case .forbidden: self = .forbidden(detail)
        case .notFound: self = .notFound(detail)
        case .conflict: self = .conflict(detail)
        case .outdated: self = .preconditionFailed()
        case .rateLimited: self = .tooManyRequests(detail, retryAfter: error.retryAfter ?? .seconds(1))
        case .storeDenied: self = .failure
        case .schemaBehind, .storeUnavailable: self = .unavailable("The store gives no answer. Try again soon.")
        }
    }

    private init(_ error: AuthenticationError) {
        switch error.code {
        case .invalidToken:
            self = .unauthenticated()
            self.fields[.wwwAuthenticate] = #"Bearer realm="wonkey", error="invalid_token""#
        case .expiredToken:
            self = .unauthenticated("The access token has expired. Get a new one with your refresh token.")
            self.fields[.wwwAuthenticate] = #"Bearer realm="wonkey", error="invalid_token""#
        case .unavailable: self = .unavailable("Tokens cannot be checked at the moment. Try again soon.")
        }
    }

    /// With a capital letter and a full stop.
    private static func sentence(_ message: String) -> String {
        guard let first = message.first else { return message }
        let end = message.last.map { ".?!".contains($0) } == true ? "" : "."
        return first.uppercased() + message.dropFirst() + end
    }
}
