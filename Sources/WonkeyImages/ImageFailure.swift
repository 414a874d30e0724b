package import WonkeyCore

/// Why no image is returned: an answer to the caller and a note for the operator.
package struct ImageFailure: Error, Equatable {
    /// What programs tell failures apart by: the `code` member of the problem document.
    package enum Code: String, Sendable, CaseIterable {
        case unsupportedMediaType = "unsupported_media_type"
        case invalidRequest = "invalid_request"
        case providerNotConfigured = "provider_not_configured"
        case promptRejected = "prompt_rejected"
        case noImage = "no_image"
        case providerBadResponse = "provider_bad_response"
        case providerAccount = "provider_account"
        case providerAuth = "provider_auth"
        case providerRejectedRequest = "provider_rejected_request"
        case providerModelUnavailable = "provider_model_unavailable"
        case providerQuota = "provider_quota"
        case providerError = "provider_error"
        case providerUnavailable = "provider_unavailable"
        case providerTimeout = "provider_timeout"
        case providerUnreachable = "provider_unreachable"
        case storageError = "storage_error"
        case clientClosedRequest = "client_closed_request"
    }

    /// A member of the body that cannot be used, and why.
    package struct FieldFault: Equatable, Sendable {
        package var field: String
        package var message: String
    }

    package var code: Code
    /// The provider's name of the reason, such as `IMAGE_SAFETY`; never its text.
    package var reason: String?
    package var fieldFaults: [FieldFault] = []
    /// Whole seconds, for `Retry-After`.
    package var retryAfterSeconds: Int?
    /// What the provider or the store said: for the log, never for a client.
    package var note: String?

    init(
        _ code: Code,
        reason: String? = nil,
        fieldFaults: [FieldFault] = [],
        retryAfterSeconds: Int? = nil,
        note: String? = nil
    ) {
        self.code = code
        self.reason = reason
        self.fieldFaults = fieldFaults
        self.retryAfterSeconds = retryAfterSeconds
        self.note = note
    }
}

extension ImageFailure.Code {
    package var status: Int {
        switch self {
        case .unsupportedMediaType: 415
        case .invalidRequest, .promptRejected, .noImage: 422
        case .providerQuota: 429
        case .clientClosedRequest: 499
        case .providerBadResponse, .providerAccount, .providerAuth, .providerRejectedRequest, .providerModelUnavailable,
            .providerError, .providerUnreachable, .storageError:
            502
        case .providerNotConfigured, .providerUnavailable: 503
        case .providerTimeout: 504
        }
    }

    /// Whose doing it is: what the operator must mend counts as the proxy's.
    package var fault: Fault {
        switch self {
        case .unsupportedMediaType, .invalidRequest, .promptRejected, .noImage, .clientClosedRequest: .downstream
        case .providerNotConfigured, .providerAccount, .providerAuth, .providerRejectedRequest,
            .providerModelUnavailable:
            .proxy
        case .providerBadResponse, .providerQuota, .providerError, .providerUnavailable, .providerTimeout,
            .providerUnreachable, .storageError:
            .upstream
        }
    }

    /// What the caller is told; constant, so that nothing of the provider's text gets through.
    package var detail: String {
        switch self {
        case .unsupportedMediaType: "The body must be application/json."
        case .invalidRequest: "The body cannot be used; errors lists every fault."
        case .providerNotConfigured: "Image generation is not set up here: no provider API key is configured."
        case .promptRejected: "The image provider refused the prompt; change it before trying again."
        case .noImage: "The model answered without drawing; describe a picture in the prompt."
        case .providerBadResponse: "The image provider answered without an image and without a known reason."
        case .providerAccount: "The image provider refuses this service's account."
        case .providerAuth: "The image provider refuses this service's credentials."
        case .providerRejectedRequest: "The image provider did not accept the request this service made."
        case .providerModelUnavailable: "The configured image model is not available."
        case .providerQuota: "The image provider's quota is used up; this is not your own limit."
        case .providerError: "The image provider failed."
        case .providerUnavailable: "The image provider is overloaded or down."
        case .providerTimeout: "The image provider did not answer in time."
        case .providerUnreachable: "The image provider could not be reached."
        case .storageError: "The image was made but could not be stored."
        case .clientClosedRequest: "The client went away before the answer."
        }
    }
}
