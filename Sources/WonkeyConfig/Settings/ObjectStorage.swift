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

extension Configuration.ObjectStorage {
    /// The one type there is.
    private enum Dialect: String, CaseIterable {
        case r2
    }

    static func read(_ name: String, _ section: inout Section) -> Self {
        var dialect = Dialect.r2
        section.read("type", into: &dialect, .choice(.r2), "The store's kind; there is one.")
        let account = section.optional(
            "account_id",
            .text(Pattern("^[A-Za-z0-9-]{1,64}$", "an account's id (letters and digits)")),
            "The Cloudflare account's id; the endpoint is derived from it."
        )
        let endpoint = section.optional(
            "endpoint",
            .serviceURL,
            "The store's S3 endpoint, in place of the one derived from account_id."
        )
        section.atLeastOne(of: ["account_id", "endpoint"])
        let bucket = section.required(
            "bucket",
            .text(Pattern("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "3 to 63 lower-case letters, digits, '.' or '-'")),
            "The bucket's name."
        )
        let accessKeyID = section.required("access_key_id", .secret(), "The access key's id.")
        let secretAccessKey = section.required("secret_access_key", .secret(), "The access key's secret.")
        let base = section.optional(
            "public_base_url",
            .serviceURL,
            "What public URLs begin with, such as https://img.example.com: the bucket's own domain."
        )
        var storage = Self(
            name: name,
            endpoint: endpoint ?? "https://\(account ?? "").r2.cloudflarestorage.com",
            bucket: bucket,
            accessKeyID: accessKeyID,
            secretAccessKey: secretAccessKey,
            publicBaseURL: base
        )
        let url = section.optional(
            "url",
            .choice(URLKind.publicURL),
            "What URL clients get: public (needs public_base_url) or presigned; by default public if it can be."
        )
        if let url { storage.url = url }
        if url == .publicURL, !section.has("public_base_url") {
            section.fault("public needs public_base_url; give it, or write presigned", at: "url")
        }
        section.read(
            "presign_ttl",
            into: &storage.presignTTL,
            .duration(.seconds(1)...(.seconds(604_800))),
            "How long a presigned URL is good; 1s to 7d."
        )
        section.read(
            "on_failure",
            into: &storage.onFailure,
            .choice(.error),
            "After a failed upload: error answers 502, data_url returns the image itself."
        )
        return storage
    }
}
