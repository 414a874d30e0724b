import WonkeyCore

/// Keeps images in an S3-compatible store and tells their URLs.
struct ObjectStore {
    let settings: ObjectStorageSettings
    let client: any ServiceClient
    let clock: any WallClock
    private let signer: RequestSigner

    init(_ settings: ObjectStorageSettings, client: any ServiceClient, clock: any WallClock) {
        self.settings = settings
        self.client = client
        self.clock = clock
        self.signer = RequestSigner(settings)
    }

    /// Stores an object and returns its URL.
    ///
    /// Repeated after 429, 500, 503 and broken connections, a bounded number of times with a growing pause: the same bytes go to
    /// the same key.
    ///
    /// - Throws: `storageError`, or `clientClosedRequest` when cancelled.
    func put(_ bytes: [UInt8], key: String, contentType: String) async throws(ImageFailure) -> String {
        var pause = self.settings.backoff
        for attempt in 1... {
            let failure: ImageFailure
            switch await self.attempt(bytes, key: key, contentType: contentType) {
            case .stored: return self.url(key: key)
            case .refused(let refusal): throw refusal
            case .failed(let passing): failure = passing
            }
            guard attempt < self.settings.attemptsMax else { throw failure }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw ImageFailure(.clientClosedRequest)
            }
            pause *= 2
        }
        throw ImageFailure(.storageError)
    }

    private enum Attempt {
        case stored
        /// Final.
        case refused(ImageFailure)
        /// Another attempt may do better.
        case failed(ImageFailure)
    }

    private func attempt(_ bytes: [UInt8], key: String, contentType: String) async -> Attempt {
        let headers = self.signer.signedHeaders(
            method: "PUT",
            bucket: self.settings.bucket,
            key: key,
            headers: [("cache-control", "public, max-age=31536000, immutable"), ("content-type", contentType)],
            body: bytes,
            at: self.clock.now
        )
        let request = ServiceRequest(
            method: "PUT",
            url: self.signer.url(bucket: self.settings.bucket, key: key),
            headers: headers,
            body: bytes,
            timeout: self.settings.timeout,
            responseSizeMax: 1 << 20
        )
        do throws(ServiceError) {
            return Self.meaning(of: try await self.client.send(request))
        } catch {
            return Self.meaning(of: error)
        }
    }

    private static func meaning(of response: ServiceResponse) -> Attempt {
        guard response.status != 200 else { return .stored }
        let code = Self.errorCode(response.body) ?? "unknown"
        let hint = code == "RequestTimeTooSkewed" ? "; this host's clock is wrong" : ""
        let failure = ImageFailure(.storageError, note: "the store answered \(response.status) \(code)\(hint)")
        return [429, 500, 503].contains(response.status) ? .failed(failure) : .refused(failure)
    }

    private static func meaning(of error: ServiceError) -> Attempt {
        let failure = ImageFailure(.storageError, note: error.message)
        switch error.code {
        case .unreachable, .broken, .timedOut: return .failed(failure)
        case .cancelled: return .refused(ImageFailure(.clientClosedRequest))
        case .tls, .responseTooLarge, .invalidRequest: return .refused(failure)
        }
    }

    /// The `Code` of an XML error: a name, nothing of the account.
    private static func errorCode(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        guard let start = text.firstRange(of: "<Code>")?.upperBound else { return nil }
        let code = text[start...].prefix { $0.isASCII && $0.isLetter }
        return code.isEmpty ? nil : String(code.prefix(60))
    }

    private func url(key: String) -> String {
        switch self.settings.url {
        case .publicBase(let base):
            var base = base[...]
            while base.last == "/" { base.removeLast() }
            return "\(base)/\(key)"
        case .presigned(let validity):
            return self.signer.presignedURL(
                bucket: self.settings.bucket,
                key: key,
                validity: validity,
                at: self.clock.now
            )
        }
    }
}
