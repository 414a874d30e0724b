extension Configuration.Route {
    /// How requests with an `Idempotency-Key` are treated (`routes[].idempotency`).
    package struct Idempotency: Hashable, Sendable {
        /// What happens while the counters, where answers are kept, are away.
        package enum OnOutage: String, Hashable, Sendable, CaseIterable {
            /// 503.
            case deny
            /// As if the requests had no key.
            case pass
        }

        package var isRequired = false
        /// How long an answer is given again.
        package var ttl: Duration = .seconds(86_400)
        /// Bytes of a request's body.
        package var maxBody = 1 << 20
        /// Bytes of an answer.
        package var maxResponse = 256 << 10
        package var onOutage: OnOutage = .deny

        package init() {}
    }
}

extension Configuration.Route.Idempotency {
    static func read(_ section: inout Section) -> Self {
        var rules = Self()
        section.read("required", into: &rules.isRequired, .boolean, "Whether requests without a key are answered 400.")
        section.read(
            "ttl",
            into: &rules.ttl,
            .duration(.seconds(1)...(.seconds(30 * 86_400))),
            "How long an answer is given again; 1s to 30d."
        )
        section.read(
            "max_body",
            into: &rules.maxBody,
            .size(0...(16 << 20)),
            "A request's body, which is held in memory, at most; more is answered 413. Up to 16MiB."
        )
        section.read(
            "max_response",
            into: &rules.maxResponse,
            .size(0...(512 << 10)),
            "An answer, at most; a larger one is not kept, and a repetition answered 409. Up to 512KiB."
        )
        section.read(
            "on_outage",
            into: &rules.onOutage,
            .choice(.deny),
            "While Redis is away: deny requests with a key (503), or pass them as if they had none."
        )
        return rules
    }
}

extension Configuration.Route {
    /// Reads `idempotency` and checks it against the rest of the route.
    mutating func readIdempotency(_ section: inout Section) {
        self.idempotency = section.optional(
            "idempotency",
            .section(Idempotency.read),
            "Requests with an Idempotency-Key are carried out once and then answered as before."
        )
        guard self.idempotency != nil else { return }
        switch self.action {
        case .proxy, .generate: break
        case .respond, .redirect: section.fault("is for routes with 'proxy' or 'generate'", at: "idempotency")
        }
        if self.authentication == .none {
            section.fault("needs a key, but this route has authentication: none", at: "idempotency")
        }
    }
}
