package import WonkeyCore

extension Configuration {
    /// Which requests are let in how, and what becomes of them (`routes[]`).
    package struct Route: Hashable, Sendable {
        /// The requests a route is for.
        package struct Match: Hashable, Sendable {
            package enum Path: Hashable, Sendable {
                /// This path alone.
                case exact(String)
                /// This path and everything below it: `/v1` matches `/v1` and `/v1/x`, not `/v10`.
                case prefix(String)
            }

            /// In lower case, without port; absent: any.
            package var host: String?
            /// Begins with a slash.
            package var path: Path
            /// Upper-case tokens; empty: any.
            package var methods: [String] = []

            package init(path: Path) {
                self.path = path
            }
        }

        /// What becomes of an admitted request.
        package enum Action: Hashable, Sendable {
            /// Forwarded to the upstream of that name, an entry of ``Configuration/upstreams``.
            case proxy(upstream: String)
            /// Answered with an image of the model of that name, an entry of ``Configuration/images``.
            case generate(image: String)
            /// Answered with a fixed text.
            case respond(FixedResponse)
            /// Sent elsewhere.
            case redirect(Redirect)
        }

        package struct FixedResponse: Hashable, Sendable {
            /// 200 to 599.
            package var status = 200
            package var contentType = "text/plain; charset=utf-8"
            package var body = ""
            package var fields: [Field] = []

            package init() {}
        }

        package enum Authentication: String, Hashable, Sendable, CaseIterable {
            /// A good key, or 401.
            case required
            /// No key is looked at; limits by key or project cannot be used.
            case none
        }

        /// Which fields tell a client about its limits.
        package enum RateLimitHeaders: String, Hashable, Sendable, CaseIterable {
            /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
            case standard
            /// `X-RateLimit-Limit`, `-Remaining`, `-Reset`.
            case compatible
            case both, none
        }

        /// What becomes of such fields in an upstream's response.
        package enum UpstreamRateLimit: String, Hashable, Sendable, CaseIterable {
            case pass, strip
        }

        package var name: String
        package var match: Match
        package var action: Action
        /// In the order of the file; all different.
        package var limits: [LimitPolicy] = []
        /// The key must hold every one.
        package var permissions: [Permission] = []
        package var authentication: Authentication = .required
        /// Bytes; the route's own `body_limit` or else the server's; `nil` is unlimited.
        package var bodyLimit: Int?
        package var rateLimitHeaders: RateLimitHeaders = .standard
        package var upstreamRateLimit: UpstreamRateLimit = .pass
        package var rewrite: Rewrite?
        package var crossOrigin: CrossOrigin?
        package var idempotency: Idempotency?
        package var upgrade: Upgrade?

        package init(name: String, match: Match, action: Action) {
            self.name = name
            self.match = match
            self.action = action
        }
    }
}
