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
