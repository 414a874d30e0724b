package import WonkeyCore

extension Configuration {
    /// An image model a route can generate with (`images`).
    package struct ImageModel: Hashable, Sendable {
        package enum Provider: String, Hashable, Sendable, CaseIterable {
            case gemini
        }

        /// How the provider is called.
        package enum API: String, Hashable, Sendable, CaseIterable {
            /// `:generateContent`, the Gemini image models.
            case generateContent = "generate-content"
            /// `:predict`, the Imagen models.
            case predict
        }

        /// Text joined to the prompt behind it, one per `style` of a request.
        package struct Styles: Hashable, Sendable {
            package var natural = "Photographic, natural light, true colours, realistic detail."
            package var artistic = "Painterly illustration, expressive composition, stylised colour."

            package init() {}
        }

        package var name: String
        package var provider: Provider
        package var model = "gemini-nano-banana-2.1"
        /// `http` or `https`, without a slash at the end.
        package var baseURL = "https://generativelanguage.googleapis.com"
        package var apiVersion = "v1beta"
        /// The file's `api`, or, without it, `predict` for models named `imagen-…` and `generate-content` for others.
        package var api: API = .generateContent
        /// Empty: not configured; requests are answered 503.
        package var apiKey: Secret = Secret("")
        /// For the whole call to the provider.
        package var timeout: Duration = .seconds(60)
        /// Names an entry of ``Configuration/storage``; absent: images are returned as base64 data URLs.
        package var storage: String?
        package var styles: Styles = .init()
        /// Phrases in a provider's 400 that mean the prompt was refused; compared without case.
        package var refusalPhrases: [String] = Self.refusalPhrasesDefault

        package static let refusalPhrasesDefault = [
            "prompt could not be submitted", "sensitive words", "safety filter", "responsible ai",
        ]

        package init(name: String, provider: Provider = .gemini) {
            self.name = name
            self.provider = provider
        }
    }
}

extension Configuration.ImageModel {
    static func read(_ name: String, _ section: inout Section) -> Self {
        var image = Self(
            name: name,
            provider: section.required("provider", .choice(Provider.gemini), "Who makes the images.")
        )
        section.read(
            "model",
            into: &image.model,
            .text(Pattern("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", "a model's id, as gemini-nano-banana-2.1")),
            "The provider's name of the model."
        )
        section.read("base_url", into: &image.baseURL, .serviceURL, "Where the provider is.")
        section.read(
            "api_version",
            into: &image.apiVersion,
            .text(Pattern("^v[0-9][A-Za-z0-9]{0,15}$", "a version such as v1 or v1beta")),
            "The version of the provider's API."
        )
        let api = section.optional(
            "api",
            .choice(API.generateContent),
            "How the model is called; by default predict for imagen-…, generate-content for all others."
        )
        image.api = api ?? (image.model.hasPrefix("imagen-") ? .predict : .generateContent)
        section.read(
            "api_key",
            into: &image.apiKey,
            .secret(mayBeEmpty: true),
            "The provider's API key; empty: not configured, requests are answered 503."
        )
        section.read(
            "timeout",
            into: &image.timeout,
            .duration(.seconds(1)...(.seconds(3_600))),
            "For the whole call to the provider; 1s to 1h."
        )
        image.storage = section.optional(
            "storage",
            .reference(to: .storage),
            "The entry of storage that images are uploaded to; without it they are returned as base64 data URLs."
        )
        section.read("styles", into: &image.styles, .section(Styles.read), "Text joined to the prompt, per style.")
        section.read(
            "refusal_phrases",
            into: &image.refusalPhrases,
            .values(of: .text(Pattern("^.{1,200}$", "1 to 200 characters on one line"))),
            "Phrases in a provider's 400 that mean the prompt was refused; compared without case."
        )
        return image
    }
}

extension Configuration.ImageModel.Styles {
    static func read(_ section: inout Section) -> Self {
        var styles = Self()
        section.read("natural", into: &styles.natural, .freeText, "Joined to the prompt for style natural.")
        section.read("artistic", into: &styles.artistic, .freeText, "Joined to the prompt for style artistic.")
        return styles
    }
}
