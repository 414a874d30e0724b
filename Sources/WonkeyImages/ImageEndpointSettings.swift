package import WonkeyCore

/// How images are made and kept.
package struct ImageEndpointSettings: Sendable {
    package var provider: ImageProviderSettings
    /// `nil`: images are returned as base64 data URLs.
    package var storage: ObjectStorageSettings?
    /// The styles a caller may name; the first is the default.
    package var styles: [ImageStyle] = ImageStyle.standard
    /// A longer prompt is refused.
    package var promptBytesMax: Int = 8 << 10

    package init(provider: ImageProviderSettings, storage: ObjectStorageSettings? = nil) {
        self.provider = provider
        self.storage = storage
    }
}

/// A style: text joined to the prompt, since the provider has no style parameter.
package struct ImageStyle: Hashable, Sendable {
    package var name: String
    /// Put before the prompt as it is.
    package var prefix: String
    /// Put after the prompt as it is.
    package var suffix: String

    package init(name: String, prefix: String = "", suffix: String = "") {
        self.name = name
        self.prefix = prefix
        self.suffix = suffix
    }

    package static let standard = [
        ImageStyle(
            name: "natural",
            suffix: "\n\nStyle: a realistic photograph with natural light, true colours and fine, realistic detail."
        ),
        ImageStyle(
            name: "artistic",
            suffix: "\n\nStyle: a painterly illustration with an expressive composition and stylised colours."
        ),
    ]

    func applied(to prompt: String) -> String { self.prefix + prompt + self.suffix }
}

/// The image provider and its model.
package struct ImageProviderSettings: Sendable {
    /// Where `generateContent` expects ratio and size.
    package enum ShapeStyle: Hashable, Sendable {
        /// `generationConfig.imageConfig`.
        case imageConfig
        /// `generationConfig.responseFormat.image`, shown by the provider's guide since mid-2026.
        case responseFormat
    }

    /// Such as `gemini-nano-banana-2.1`.
    package var modelID: String
    /// `nil`: ``ProviderAPI/init(model:)`` decides by the id.
    package var api: ProviderAPI?
    /// `nil`: ``ImageModel/init(id:)`` decides by the id.
    package var model: ImageModel?
    package var baseURL: String = "https://generativelanguage.googleapis.com"
    package var apiVersion: String = "v1beta"
    /// Sent as `x-goog-api-key`, never in a URL; without it every request is answered 503.
    package var apiKey: Secret?
    /// For the whole call; also announced to the provider as `X-Server-Timeout`.
    package var timeout: Duration = .seconds(60)
    package var shapeStyle: ShapeStyle = .imageConfig
    /// A larger answer is an error; an image of 4K takes about 35 MB in base64.
    package var responseBytesMax: Int = 64 << 20
    /// A `400` whose message holds one of these, whatever the case, means that the prompt was refused.
    package var refusalPhrases: [String] = Self.standardRefusalPhrases

    package init(modelID: String, apiKey: Secret?) {
        self.modelID = modelID
        self.apiKey = apiKey
    }

    package static let standardRefusalPhrases = [
        "prompt could not be submitted", "sensitive words", "safety filter", "responsible ai", "prompt was blocked",
        "violates", "prohibited use policy", "usage guidelines",
    ]
}

/// An S3-compatible object store, such as Cloudflare R2.
package struct ObjectStorageSettings: Sendable {
    /// What is returned for a stored image.
    package enum URLStyle: Hashable, Sendable {
        /// This base, a slash, the key: a custom domain, or `https://pub-….r2.dev` in development.
        case publicBase(String)
        /// A signed URL of the store that works until it expires, 1 s to 7 d; it shows account and bucket.
        case presigned(validity: Duration)
    }

    /// What happens to an image that cannot be stored.
    package enum FailurePolicy: Hashable, Sendable {
        /// The request fails with `storage_error`.
        case refuse
        /// The image is returned as a data URL.
        case dataURL
    }

    /// `https://<account id>.r2.cloudflarestorage.com` or another S3 endpoint, without bucket.
    package var endpoint: String
    package var bucket: String
    package var accessKeyID: String
    package var secretAccessKey: Secret
    /// Of temporary credentials.
    package var sessionToken: Secret?
    /// R2's is `auto`.
    package var region: String = "auto"
    package var url: URLStyle
    package var onFailure: FailurePolicy = .refuse
    /// For each attempt.
    package var timeout: Duration = .seconds(30)
    /// Attempts in all, at least 1: an upload is idempotent and repeated after 429, 500, 503 and transport failures.
    package var attemptsMax: Int = 3
    /// Before the second attempt; doubles with each further one.
    package var backoff: Duration = .milliseconds(200)

    package init(
        endpoint: String,
        bucket: String,
        accessKeyID: String,
        secretAccessKey: Secret,
        url: URLStyle
    ) {
        self.endpoint = endpoint
        self.bucket = bucket
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.url = url
    }

    /// The endpoint of a Cloudflare R2 account.
    package static func r2Endpoint(accountID: String) -> String {
        "https://\(accountID).r2.cloudflarestorage.com"
    }
}
