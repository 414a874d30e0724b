package import Logging
package import WonkeyCore
package import WonkeyHTTP

/// Answers `POST /v1/generate`: one prompt, one image.
///
/// The provider is called exactly once per valid request, never again: every generation is billed. Faults of the body are found
/// before anything is sent. Cancelling the task ends the provider's call. What the provider says goes to the log, never to the
/// client; errors are problem documents whose `code` tells them apart (``ImageFailure/Code``).
///
/// A success is `200` with `id`, `url`, `prompt` (the caller's own), `created_at` (RFC 3339), `model`, `content_type`, `width` and
/// `height` as read from the image, and counts one image; nothing else counts any.
package struct ImageEndpoint: LocalEndpoint {
    private let settings: ImageEndpointSettings
    private let client: any ServiceClient
    private let clock: any WallClock
    private let logger: Logger
    private let bodyReader: ImageRequestReader
    private let provider: ProviderRequest
    private let replyReader: ProviderReplyReader
    private let store: ObjectStore?

    /// Prepares what does not change from request to request.
    package init(_ settings: ImageEndpointSettings, client: any ServiceClient, clock: any WallClock, logger: Logger) {
        let provider = ProviderRequest(settings.provider)
        self.settings = settings
        self.client = client
        self.clock = clock
        self.logger = logger
        self.provider = provider
        self.bodyReader = ImageRequestReader(
            model: settings.provider.model ?? ImageModel(id: settings.provider.modelID),
            styles: settings.styles.map(\.name),
            promptBytesMax: settings.promptBytesMax
        )
        self.replyReader = ProviderReplyReader(api: provider.api, refusalPhrases: settings.provider.refusalPhrases)
        self.store = settings.storage.map { ObjectStore($0, client: client, clock: clock) }
    }

    package func answer(_ request: EndpointRequest) async -> EndpointAnswer {
        do throws(ImageFailure) {
            return try await self.generate(request)
        } catch {
            self.log(error, request)
            return Self.answer(error, requestID: request.requestID)
        }
    }

    private func generate(_ request: EndpointRequest) async throws(ImageFailure) -> EndpointAnswer {
        let wanted = try self.bodyReader.read(body: request.body, contentType: request.contentType)
        guard let key = self.settings.provider.apiKey, !key.isEmpty else { throw ImageFailure(.providerNotConfigured) }
        let image = try await self.draw(wanted, key: key, request)
        var generator = SystemRandomNumberGenerator()
        let id = GenerationID(using: &generator)
        let url = try await self.keep(image, id: id, request)
        return self.answer(wanted, image: image, id: id, url: url)
    }

    /// The one call of the provider.
    private func draw(
        _ wanted: ImageRequest,
        key: Secret,
        _ request: EndpointRequest
    ) async throws(ImageFailure) -> ImageFile {
        let style = self.settings.styles.first { $0.name == wanted.style }
        let prompt = style?.applied(to: wanted.prompt) ?? wanted.prompt
        let response: ServiceResponse
        do throws(ServiceError) {
            let call = self.provider.serviceRequest(prompt: prompt, shape: wanted.shape, key: key)
            response = try await self.client.send(call)
        } catch {
            if error.code == .tls {
                self.logger.error(
                    "the image provider's certificate or TLS was not accepted",
                    metadata: ["request_id": "\(request.requestID)", "cause": "\(error.message)"]
                )
            }
            throw self.replyReader.read(error)
        }
        let reply = self.replyReader.read(response)
        if reply.isModelRetiring {
            self.logger.warning(
                "the image model is being retired: choose another",
                metadata: ["model": "\(self.settings.provider.modelID)", "stage": "\(reply.modelStage ?? "")"]
            )
        }
        return try reply.outcome.get()
    }

    private func keep(
        _ image: ImageFile,
        id: GenerationID,
        _ request: EndpointRequest
    ) async throws(ImageFailure) -> String {
        guard let store = self.store else { return image.dataURL }
        do throws(ImageFailure) {
            return try await store.put(
                image.bytes,
                key: id.objectKey(fileExtension: image.format.fileExtension),
                contentType: image.format.contentType
            )
        } catch {
            guard error.code == .storageError, store.settings.onFailure == .dataURL else { throw error }
            self.log(error, request)
            return image.dataURL
        }
    }

    private func answer(_ wanted: ImageRequest, image: ImageFile, id: GenerationID, url: String) -> EndpointAnswer {
        var members: [JSON.Member] = [
            .init(name: "id", value: .text(id.text)),
            .init(name: "url", value: .text(url)),
            .init(name: "prompt", value: .text(wanted.prompt)),
            .init(name: "created_at", value: .text(self.clock.now.rfc3339)),
            .init(name: "model", value: .text(self.settings.provider.modelID)),
            .init(name: "content_type", value: .text(image.format.contentType)),
        ]
        if let size = image.size {
            members.append(.init(name: "width", value: .integer(size.width)))
            members.append(.init(name: "height", value: .integer(size.height)))
        }
        return EndpointAnswer(
            status: 200,
            fields: [("cache-control", "no-store")],
            body: JSON.object(members).serialized,
            contentType: "application/json",
            images: 1
        )
    }
}

// MARK: Failures

extension ImageEndpoint {
    static func answer(_ failure: ImageFailure, requestID: String) -> EndpointAnswer {
        var members: [(name: String, value: ProblemDocument.Member)] = [("code", .string(failure.code.rawValue))]
        if let reason = failure.reason { members.append(("reason", .string(reason))) }
        if !failure.fieldFaults.isEmpty {
            let faults = failure.fieldFaults.map { fault in
                ProblemDocument.Member.object(["field": .string(fault.field), "message": .string(fault.message)])
            }
            members.append(("errors", .array(faults)))
        }
        let problem = ProblemDocument(
            status: failure.code.status,
            detail: failure.code.detail,
            members: members
        )
        var fields = [("cache-control", "no-store")]
        if let seconds = failure.retryAfterSeconds { fields.append(("retry-after", String(seconds))) }
        return EndpointAnswer(
            status: failure.code.status,
            fields: fields,
            body: problem.json(),
            contentType: "application/problem+json",
            fault: failure.code.fault
        )
    }

    /// Warns where a human must act, and notes the rest.
    private func log(_ failure: ImageFailure, _ request: EndpointRequest) {
        let level: Logger.Level =
            switch failure.code {
            case .providerAccount, .providerAuth, .providerRejectedRequest, .providerModelUnavailable, .storageError:
                .warning
            case .providerQuota, .providerBadResponse, .providerError, .providerUnavailable, .providerTimeout,
                .providerUnreachable:
                .notice
            case .unsupportedMediaType, .invalidRequest, .providerNotConfigured, .promptRejected, .noImage,
                .clientClosedRequest:
                .debug
            }
        var metadata: Logger.Metadata = [
            "request_id": "\(request.requestID)", "code": "\(failure.code.rawValue)",
            "model": "\(self.settings.provider.modelID)",
        ]
        if let note = failure.note { metadata["cause"] = "\(note)" }
        self.logger.log(level: level, "no image returned as wanted", metadata: metadata)
    }
}
