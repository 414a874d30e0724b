internal import WonkeyCore

extension Configuration.Server {
    /// Body limits go up to a pebibyte; `none` is the way to say unlimited.
    static let bodyLimitRange = 0...(1 << 50)

    static func read(_ section: inout Section) -> Self {
        var server = Self()
        section.read(
            "header_size",
            into: &server.headerSize,
            .size((1 << 10)...(1 << 20)),
            "A request's head, at most; 1KiB to 1MiB. More is answered 431."
        )
        section.read(
            "header_count",
            into: &server.headerCount,
            .integer(10...10_000),
            "Fields of a request's head, at most; more are answered 431."
        )
        section.read(
            "body_limit",
            into: &server.bodyLimit,
            .sizeOrNone(Self.bodyLimitRange),
            "A request's body, at most, where the route says nothing; more is answered 413; none: unlimited."
        )
        section.read("timeouts", into: &server.timeouts, .section(Timeouts.read), "How long clients may take.")
        section.read(
            "connections",
            into: &server.connections,
            .integer(1...10_000_000),
            "Client connections at a time, at most."
        )
        section.read(
            "requests",
            into: &server.requests,
            .integer(1...10_000_000),
            "Requests under way at a time, at most, divided among the event loops; more are answered 503."
        )
        section.read(
            "connections_per_address",
            into: &server.connectionsPerAddress,
            .integerOrNone(1...10_000_000),
            "Those of one client address (an IPv6 network of 64 bits), but for trusted_proxies; none: any number."
        )
        section.read("rates", into: &server.rates, .section(Rates.read), "How fast clients must be.")
        section.read(
            "chunk_extensions",
            into: &server.chunkExtensions,
            .size(0...(64 << 10)),
            "Chunk extensions in one body, at most; 0 to 64KiB. More is answered 400."
        )
        server.clientCertificateField = section.optional(
            "client_certificate_field",
            .text(
                Pattern(
                    "^X-([A-Za-z0-9]+-){0,4}Cert(-[A-Za-z0-9]+)?$",
                    "a field's name such as X-Forwarded-Client-Cert"
                )
            ),
            "Tells upstreams of a verified client certificate in this field, and removes the client's own; by default none."
        )
        section.read(
            "trusted_proxies",
            into: &server.trustedProxies,
            .values(of: .addressRange),
            "Address ranges of proxies in front, whose Forwarded and X-Forwarded-* are believed."
        )
        section.read(
            "path_policy",
            into: &server.pathPolicy,
            .choice(.reject),
            "Paths with '..', '//', ';', '%2f' or '%00': reject answers 400, pass forwards them byte for byte."
        )
        section.read(
            "half_close",
            into: &server.halfClose,
            .choice(.cancel),
            "A client that closes its sending side behind a request: cancel takes it as gone, answer still answers it."
        )
        section.read("drain", into: &server.drain, .section(Drain.read), "How the program stops.")
        section.read(
            "request_id",
            into: &server.requestID,
            .choice(.generate),
            "Always makes a new X-Request-Id, or accepts the client's if it is well-formed."
        )
        section.read(
            "reuse_port",
            into: &server.reusesPort,
            .boolean,
            "Lets several processes listen on the same TCP addresses, so that a new one is there before the old one goes."
        )
        section.read(
            "http2",
            into: &server.http2,
            .section(HTTP2.read),
            "What a client may do on one HTTP/2 connection; what exceeds a rate, counted over 30 s, ends it."
        )
        section.read("loops", into: &server.loops, .integerOrAuto(1...1_024), "Event loops; auto: one per processor.")
        return server
    }
}

extension Configuration.Server.Timeouts {
    static func read(_ section: inout Section) -> Self {
        var timeouts = Self()
        let range = Duration.milliseconds(10)...(.seconds(86_400))
        section.read("handshake", into: &timeouts.handshake, .duration(range), "For a TLS handshake to end.")
        section.read("head", into: &timeouts.head, .duration(range), "For a request's head to arrive.")
        section.read("body", into: &timeouts.body, .duration(range), "Without a byte while a body is awaited.")
        section.read("keep_alive", into: &timeouts.keepAlive, .duration(range), "Between two requests on a connection.")
        section.read("write", into: &timeouts.write, .duration(range), "Without progress while the client is to read.")
        section.read("linger", into: &timeouts.linger, .duration(range), "For a client to close after its last answer.")
        section.read(
            "dead_peer",
            into: &timeouts.deadPeer,
            .duration(.seconds(8)...(.seconds(86_400))),
            "Until a client that vanished without a word is noticed; 8s to 1d."
        )
        return timeouts
    }
}

extension Configuration.Server.Rates {
    static func read(_ section: inout Section) -> Self {
        var rates = Self()
        let range = 1...(1 << 30)
        section.read(
            "body",
            into: &rates.body,
            .sizeOrNone(range),
            "Of a body, per second, on average over timeouts.body; slower is answered 408; none: any."
        )
        section.read(
            "answer",
            into: &rates.answer,
            .sizeOrNone(range),
            "Of an answer that waits for its client, per second, over timeouts.write; slower is cut off; none: any."
        )
        return rates
    }
}

extension Configuration.Server.HTTP2 {
    static func read(_ section: inout Section) -> Self {
        var http2 = Self()
        section.read("streams", into: &http2.streams, .integer(1...10_000), "Requests at the same time, at most.")
        section.read(
            "window",
            into: &http2.window,
            .size((64 << 10)...(16 << 20)),
            "Body bytes a client may send ahead on one stream; each stream may hold as many in memory. 64KiB to 16MiB."
        )
        section.read("resets", into: &http2.resets, .integer(1...1_000_000), "Requests taken back, at most.")
        section.read(
            "control_frames",
            into: &http2.controlFrames,
            .integer(10...1_000_000),
            "SETTINGS, PING and PRIORITY frames, at most."
        )
        section.read("errors", into: &http2.errors, .integer(1...1_000_000), "Malformed requests, at most.")
        section.read(
            "continuations",
            into: &http2.continuations,
            .integer(1...1_000),
            "CONTINUATION frames of one request, at most."
        )
        return http2
    }
}

extension Configuration.Server.Drain {
    static func read(_ section: inout Section) -> Self {
        var drain = Self()
        let range = Duration.zero...(.seconds(3_600))
        section.read(
            "delay",
            into: &drain.delay,
            .duration(range),
            "From readiness going off to the listeners closing; 5s behind Kubernetes."
        )
        section.read("timeout", into: &drain.timeout, .duration(range), "For running requests to end after that.")
        section.read(
            "idle",
            into: &drain.idle,
            .duration(range),
            "For idle connections to bring a last request, once the listeners are closed; within timeout."
        )
        return drain
    }
}
