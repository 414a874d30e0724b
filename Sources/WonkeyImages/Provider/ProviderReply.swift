import WonkeyCore
import WonkeyHTTP

/// What an answer of the provider means.
struct ProviderReply {
    var outcome: Result<ImageFile, ImageFailure>
    /// The lifecycle stage of the model, as far as newer servers tell.
    var modelStage: String?

    /// Stages after which a model may vanish any day.
    static let retiringStages: Set<String> = ["LEGACY", "DEPRECATED", "RETIRED"]

    var isModelRetiring: Bool { self.modelStage.map(Self.retiringStages.contains) ?? false }
}

/// Reads the provider's answers: the whole status mapping, pure.
struct ProviderReplyReader {
    let api: ProviderAPI
    /// In lower case.
    let refusalPhrases: [String]

    init(api: ProviderAPI, refusalPhrases: [String]) {
        self.api = api
        self.refusalPhrases = refusalPhrases.map { $0.lowercased() }
    }

    /// An answer of whatever status.
    func read(_ response: ServiceResponse) -> ProviderReply {
        guard response.status == 200 else {
            return ProviderReply(outcome: .failure(self.failure(response)))
        }
        guard let json = Self.unwrapped(response.body), case .object = json else {
            return ProviderReply(
                outcome: .failure(ImageFailure(.providerError, note: "the answer is not a JSON object"))
            )
        }
        let outcome =
            switch self.api {
            case .predict: PredictReply.outcome(json)
            case .generateContent: GenerateContentReply.outcome(json)
            }
        return ProviderReply(outcome: outcome, modelStage: json["modelStatus"]?["modelStage"]?.text)
    }

    /// A call without a complete answer.
    func read(_ error: ServiceError) -> ImageFailure {
        let code: ImageFailure.Code =
            switch error.code {
            case .unreachable, .broken, .tls: .providerUnreachable
            case .timedOut: .providerTimeout
            case .cancelled: .clientClosedRequest
            case .responseTooLarge, .invalidRequest: .providerError
            }
        return ImageFailure(code, note: error.message)
    }

    /// JSON, out of the array that some surfaces wrap around it.
    static func unwrapped(_ body: [UInt8]) -> JSON? {
        guard let json = try? JSON(json: body) else { return nil }
        if case .array(let elements) = json { return elements.first }
        return json
    }

    /// Decodes and identifies one image.
    static func image(_ base64: JSON?) -> Result<ImageFile, ImageFailure> {
        guard case .string(let text) = base64, let bytes = ImageFile.decodeBase64(text) else {
            return .failure(ImageFailure(.providerError, note: "the image is not base64"))
        }
        guard let file = ImageFile(bytes) else {
            return .failure(ImageFailure(.providerError, note: "the image is neither PNG nor JPEG nor WebP"))
        }
        return .success(file)
    }
}

// MARK: Errors

extension ProviderReplyReader {
    private func failure(_ response: ServiceResponse) -> ImageFailure {
        let error = ProviderError(response)
        let note = "status \(response.status) \(error.status ?? ""): \(error.message.prefix(500))"
        switch response.status {
        case 400:
            return self.badRequest(error, note: note)
        case 401, 403:
            return ImageFailure(.providerAuth, note: note)
        case 404:
            return ImageFailure(.providerModelUnavailable, note: note)
        case 429:
            return ImageFailure(.providerQuota, retryAfterSeconds: error.quotaRetrySeconds, note: note)
        case 503:
            let seconds = min(max(error.retrySeconds ?? 5, 5), 30)
            return ImageFailure(.providerUnavailable, retryAfterSeconds: seconds, note: note)
        case 504:
            return ImageFailure(.providerTimeout, note: note)
        case 408, 499:
            return ImageFailure(.providerError, note: note)
        case 400..<500:
            return ImageFailure(.providerRejectedRequest, note: note)
        default:
            return ImageFailure(.providerError, note: note)
        }
    }

    /// A 400 is a bad key, a bad account, a refused prompt or our own mistake: the status alone does not tell.
    private func badRequest(_ error: ProviderError, note: String) -> ImageFailure {
        if error.reasons.contains("API_KEY_INVALID") { return ImageFailure(.providerAuth, note: note) }
        if error.status == "FAILED_PRECONDITION" { return ImageFailure(.providerAccount, note: note) }
        let message = error.message.lowercased()
        if self.refusalPhrases.contains(where: { message.contains($0) }) {
            return ImageFailure(.promptRejected, note: note)
        }
        return ImageFailure(.providerRejectedRequest, note: note)
    }
}

/// `200` of `:generateContent`.
private enum GenerateContentReply {
    private static let refusals: Set<String> = [
        "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "LANGUAGE", "ESCALATION", "MODEL_ARMOR",
        "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    ]

    static func outcome(_ json: JSON) -> Result<ImageFile, ImageFailure> {
        let candidates = json["candidates"]?.elements ?? []
        let parts = candidates.flatMap { $0["content"]?["parts"]?.elements ?? [] }.filter {
            $0["thought"]?.isTrue != true
        }
        // Intermediate images come first: the last one is the result.
        if let data = parts.last(where: { $0["inlineData"] != nil })?["inlineData"]?["data"] {
            return ProviderReplyReader.image(data)
        }
        if let reason = json["promptFeedback"]?["blockReason"]?.text, reason != "BLOCK_REASON_UNSPECIFIED" {
            return .failure(ImageFailure(.promptRejected, reason: Self.name(reason), note: "blockReason \(reason)"))
        }
        let reason = candidates.lazy.compactMap { $0["finishReason"]?.text }.first
        let message = candidates.lazy.compactMap { $0["finishMessage"]?.text }.first ?? ""
        let hasText = parts.contains { $0["text"] != nil }
        return .failure(
            Self.failure(reason, hasText: hasText, note: "finishReason \(reason ?? "none") \(message.prefix(500))")
        )
    }

    private static func failure(_ reason: String?, hasText: Bool, note: String) -> ImageFailure {
        switch reason {
        case .some(let reason) where Self.refusals.contains(reason):
            ImageFailure(.promptRejected, reason: reason, note: note)
        case "NO_IMAGE":
            ImageFailure(.noImage, reason: "NO_IMAGE", note: note)
        case "STOP" where hasText:
            ImageFailure(.noImage, note: note)
        case "PUP_LIMITED_DISABLED":
            ImageFailure(.providerAccount, note: note)
        default:
            ImageFailure(.providerBadResponse, note: note)
        }
    }

    /// The list of reasons is open: only what looks like a constant is repeated to the caller.
    private static func name(_ reason: String) -> String? {
        reason.utf8.count <= 40 && reason.utf8.allSatisfy { (0x41...0x5a).contains($0) || $0 == 0x5f } ? reason : nil
    }
}

/// `200` of `:predict`.
private enum PredictReply {
    static func outcome(_ json: JSON) -> Result<ImageFile, ImageFailure> {
        // The safety block of the prompt may come as one more prediction.
        let predictions = (json["predictions"]?.elements ?? []).filter {
            $0["contentType"]?.text != "Positive Prompt"
        }
        if let data = predictions.lazy.compactMap({ $0["bytesBase64Encoded"] }).first {
            return ProviderReplyReader.image(data)
        }
        let reasons = predictions.compactMap { $0["raiFilteredReason"]?.text }
        guard reasons.count == predictions.count else {
            return .failure(ImageFailure(.providerBadResponse, note: "predictions without image and without reason"))
        }
        let note = reasons.first.map { String($0.prefix(500)) } ?? "no predictions"
        return .failure(ImageFailure(.promptRejected, note: note))
    }
}
