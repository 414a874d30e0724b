internal import WonkeyCore

/// What routes are checked against: the sections that are read before them.
struct RouteContext {
    var limits: [String: LimitPolicy]
    var bodyLimit: Int?
    /// What each is spoken to with.
    var upstreams: [String: Configuration.Upstream.Version]
}

extension Configuration.Route {
    static func read(_ section: inout Section, in context: RouteContext) -> Self {
        let name = section.required("name", .text(.name), "The route's name, in logs, metrics and limits.")
        let match = section.required("match", .section(Match.read), "The requests this route is for.")
        var route = Self(name: name, match: match, action: Self.action(&section))
        let limits = section.optional(
            "limits",
            .list(of: .reference(to: .limit), isUnique: true),
            "Names of limits; a request must fit all, and a refused one consumes nothing."
        )
        let policies = (limits ?? []).compactMap { name in
            context.limits[name.value].map { Located(value: $0, position: name.position) }
        }
        route.limits = policies.map(\.value)
        let permission = Kind<Permission?>.text(
            Pattern("^[A-Za-z0-9._:*/-]{1,128}$", "1 to 128 letters, digits or any of . _ : * / -"),
            placeholder: nil
        ) { (text) in Permission(rawValue: text) }
        let permissions = section.optional(
            "permissions",
            .list(of: permission, isUnique: true),
            "Permissions; the key must hold every one, or 403."
        )
        route.permissions = (permissions ?? []).compactMap(\.value)
        section.read(
            "authentication",
            into: &route.authentication,
            .choice(.required),
            "Whether a good key is required; none looks at no key."
        )
        route.bodyLimit = context.bodyLimit
        let bodyLimit = section.optional(
            "body_limit",
            .sizeOrNone(Configuration.Server.bodyLimitRange),
            "A request's body, at most; by default the server's; none: unlimited."
        )
        if let bodyLimit { route.bodyLimit = bodyLimit }
        section.read(
            "rate_limit_headers",
            into: &route.rateLimitHeaders,
            .choice(.standard),
            "Fields that tell of limits: standard (RateLimit), compatible (X-RateLimit-*), both or none."
        )
        section.read(
            "upstream_rate_limit",
            into: &route.upstreamRateLimit,
            .choice(.pass),
            "Such fields of the upstream: pass them on beside ours, or strip them."
        )
        route.readRewrite(&section)
        route.crossOrigin = section.optional(
            "cors",
            .section(CrossOrigin.read),
            "Use from browsers, by pages of other origins; preflights are answered here, without a key."
        )
        route.readIdempotency(&section)
        route.readUpgrade(&section, in: context)
        route.check(policies, section)
        return route
    }

    private static func action(_ section: inout Section) -> Action {
        let upstream = section.optional("proxy", .reference(to: .upstream), "Forwards to this entry of upstreams.")
        let image = section.optional(
            "generate",
            .reference(to: .image),
            "Answers with an image of this entry of images."
        )
        let response = section.optional("respond", .section(FixedResponse.read), "Answers with a fixed text.")
        let redirect = section.optional("redirect", .section(Redirect.read), "Sends the client elsewhere.")
        switch section.exactlyOne(of: ["proxy", "generate", "respond", "redirect"]) {
        case "generate": return .generate(image: image ?? "")
        case "respond": return .respond(response ?? FixedResponse())
        case "redirect": return redirect.map { .redirect($0) } ?? .respond(FixedResponse())
        default: return .proxy(upstream: upstream ?? "")
        }
    }

    /// What one setting alone cannot tell.
    private func check(_ limits: [Located<LimitPolicy>], _ section: Section) {
        if self.authentication == .none, section.has("permissions") {
            section.fault("needs a key, but this route has authentication: none", at: "permissions")
        }
        for limit in limits {
            let counted = "the limit \(quotedKey(limit.value.name)) counts"
            if self.authentication == .none, limit.value.partition == .key || limit.value.partition == .project {
                section.reading.report(
                    limit.position,
                    "\(section.path).limits: \(counted) by key or project, but this route has authentication: none"
                )
            }
            if case .generate = self.action { continue }
            if limit.value.unit == .images {
                section.reading.report(
                    limit.position,
                    "\(section.path).limits: \(counted) images, but this route generates none"
                )
            }
        }
    }
}

extension Configuration.Route.Match {
    static let path = Pattern(
        "^/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$",
        "a path that begins with '/' and holds no '%', '?', '#' or space"
    )

    static func read(_ section: inout Section) -> Self {
        let host = section.optional("host", .routeHost, "The request's host, without port; by default any.")
        let exact = section.optional("path", .text(Self.path), "This path alone.")
        let prefix = section.optional("prefix", .text(Self.path), "This path and everything below it.")
        let isPrefix = section.exactlyOne(of: ["path", "prefix"]) == "prefix"
        let text = (isPrefix ? prefix : exact) ?? "/"
        if text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().dropLast().contains("")
            || text.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
        {
            section.fault("must hold no '//', '.' or '..'", at: isPrefix ? "prefix" : "path")
        }
        // Below /v1/ is what is below /v1.
        let trimmed = text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
        var match = Self(path: isPrefix ? .prefix(trimmed) : .exact(text))
        match.host = host
        match.methods =
            section.optional(
                "methods",
                .values(of: .method, count: 1...32),
                "The request's method is one of these; by default any."
            ) ?? []
        return match
    }

    /// Whether there are requests both match, and neither is for fewer than the other.
    func collides(with other: Self) -> Bool {
        guard self.host == other.host, self.path == other.path else { return false }
        guard !self.methods.isEmpty, !other.methods.isEmpty else { return self.methods == other.methods }
        return !Set(self.methods).isDisjoint(with: other.methods)
    }
}

extension Configuration.Route.FixedResponse {
    static func read(_ section: inout Section) -> Self {
        var response = Self()
        section.read("status", into: &response.status, .integer(200...599), "The status code.")
        section.read(
            "content_type",
            into: &response.contentType,
            .text(Pattern("^[!-~]([ -~]{0,253}[!-~])?$", "a media type, as application/json")),
            "The Content-Type field."
        )
        section.read("body", into: &response.body, .freeText, "The text.")
        section.read("headers", into: &response.fields, .fields(.fixedResponse), "Further fields.")
        return response
    }
}

extension Kind where Value == String {
    /// A host name or address as requests name it.
    fileprivate static var routeHost: Kind {
        .text(Pattern("^[^*/:@\\s]+$|^\\[[0-9A-Fa-f:.]+\\]$", "a host name without port, path or '*'"), placeholder: "")
        {
            (text) throws(Invalid) in
            let host: HostPort
            do throws(Invalid) {
                host = try HostPort(text)
            } catch {
                throw Invalid(error.message)
            }
            return host.host
        }
    }

    /// A request method.
    static var method: Kind {
        let form = Pattern("^[A-Z][A-Z0-9_-]{0,31}$", "a method in upper case, as GET")
        return .scalar(
            schema: JSON.object([("type", "string"), ("pattern", .string(form.source))]).orSubstitution,
            placeholder: "GET",
            json: { .string($0) },
            parse: { (scalar, reading) throws(Invalid) in
                guard form.matches(scalar.text, in: reading) else {
                    let upper = scalar.text.uppercased()
                    throw Invalid("must be \(form.meaning)", meant: form.matches(upper, in: reading) ? upper : nil)
                }
                guard scalar.text != "CONNECT" else { throw Invalid(hidden: "must not be CONNECT: this is no tunnel") }
                return scalar.text
            }
        )
    }
}
