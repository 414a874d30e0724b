package import WonkeyCore

extension Configuration {
    /// A bucket for generated images (`storage`): Cloudflare R2, or what speaks its dialect of S3.
    package struct ObjectStorage: Hashable, Sendable {
        /// What URL a client gets.
        package enum URLKind: String, Hashable, Sendable, CaseIterable {
            /// `public_base_url`, a slash, the object's key.
            case publicURL = "public"
            /// Signed, at the endpoint, good for `presign_ttl`.
            case presigned
        }

        /// What happens when an upload fails.
        package enum OnFailure: String, Hashable, Sendable, CaseIterable {
            /// The request fails with 502.
            case error
            /// The client gets the image as a base64 data URL.
            case dataURL = "data_url"
        }

        package var name: String
        /// `http` or `https`, without a slash at the end: the file's `endpoint`, or the one derived from `account_id`.
        package var endpoint: String
        /// 3–63 lower-case letters, digits, dots and hyphens.
        package var bucket: String
        package var accessKeyID: Secret
        package var secretAccessKey: Secret
        /// `http` or `https`, without a slash at the end; present if ``url`` is ``URLKind/publicURL``.
        package var publicBaseURL: String?
        /// The file's `url`, or, without it, `public` if `public_base_url` is given and `presigned` if not.
        package var url: URLKind
        /// 1 s to 7 days.
        package var presignTTL: Duration = .seconds(3600)
        package var onFailure: OnFailure = .error

        package init(
            name: String,
            endpoint: String,
            bucket: String,
            accessKeyID: Secret,
            secretAccessKey: Secret,
            publicBaseURL: String? = nil
        ) {
            self.name = name
            self.endpoint = endpoint
            self.bucket = bucket
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.publicBaseURL = publicBaseURL
            self.url = publicBaseURL == nil ? .presigned : .publicURL
        }
    }
}
