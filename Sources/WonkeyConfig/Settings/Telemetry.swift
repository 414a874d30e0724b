package import WonkeyCore

extension Configuration {
    /// What is told of requests besides metrics and the request log (`telemetry`).
    package struct Telemetry: Hashable, Sendable {
        package var otlp: OTLP?
        package var accessLog: AccessLog?

        package init() {}

        /// Spans for an OpenTelemetry collector (`telemetry.otlp`).
        package struct OTLP: Hashable, Sendable {
            /// Of traces, path included.
            package var url: String
            /// Such as the collector's own credentials.
            package var headers: [Upstream.Header] = []
            package var serviceName = "wonkey"
            /// Further resource attributes, in the order of their names.
            package var resource: [ResourceAttribute] = []
            /// Of requests that are part of no trace, one out of this many begins one that is recorded.
            package var sample = 1
            /// For one batch.
            package var timeout: Duration = .seconds(10)
            /// Spans of a batch at most.
            package var batch = 512
            /// How long a span waits for others to fill a batch.
            package var every: Duration = .seconds(1)
            /// Spans that wait at most; more are dropped and counted.
            package var queue = 8_192

            package init(url: String) {
                self.url = url
            }
        }

        package struct ResourceAttribute: Hashable, Sendable {
            package var name: String
            package var value: String

            package init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        /// A line per request (`telemetry.access_log`).
        package struct AccessLog: Hashable, Sendable {
            package enum Destination: Hashable, Sendable {
                case stdout, stderr
                case file(String)
            }

            package var format: AccessLogFormat = .json
            package var destination: Destination = .stdout
            package var query: AccessLogQuery = .redact
            /// Lines that wait at most; more are dropped and counted.
            package var queue = 10_000

            package init() {}
        }
    }
}

extension Configuration.Telemetry {
    static func read(_ section: inout Section) -> Self {
        var telemetry = Self()
        telemetry.otlp = section.optional(
            "otlp",
            .section(OTLP.read),
            "Sends spans to an OpenTelemetry collector over OTLP/HTTP (JSON); by default none."
        )
        telemetry.accessLog = section.optional(
            "access_log",
            .section(AccessLog.read),
            "Writes a line per request; by default none."
        )
        return telemetry
    }
}

extension Configuration.Telemetry.OTLP {
    static func read(_ section: inout Section) -> Self {
        let endpoint = section.required(
            "endpoint",
            .serviceURL,
            "The collector, as http://127.0.0.1:4318; /v1/traces is added unless there is a path."
        )
        var otlp = Self(url: Self.tracesURL(of: endpoint))
        section.read(
            "headers",
            into: &otlp.headers,
            .headers,
            "Fields set on every request to the collector, such as its credentials."
        )
        section.read(
            "service_name",
            into: &otlp.serviceName,
            .text(Pattern("^[^\\x00-\\x1F\\x7F]{1,128}$", "1 to 128 characters")),
            "The resource attribute service.name."
        )
        section.read(
            "resource",
            into: &otlp.resource,
            .resource,
            "Further resource attributes, as deployment.environment.name: production."
        )
        section.read(
            "sample",
            into: &otlp.sample,
            .integer(1...1_000_000),
            "Records one request out of this many; those of a trace that its client began, as the client says."
        )
        section.read(
            "timeout",
            into: &otlp.timeout,
            .duration(.milliseconds(100)...(.seconds(60))),
            "For one batch; 100ms to 1m."
        )
        section.read("batch", into: &otlp.batch, .integer(1...10_000), "Spans of a full batch.")
        section.read(
            "every",
            into: &otlp.every,
            .duration(.milliseconds(10)...(.seconds(60))),
            "How long a span waits before it is sent, batch full or not; 10ms to 1m."
        )
        section.read(
            "queue",
            into: &otlp.queue,
            .integer(1...1_000_000),
            "Spans that wait for the collector, at most; more are dropped and counted."
        )
        return otlp
    }

    private static func tracesURL(of endpoint: String) -> String {
        let place = endpoint.drop { $0 != ":" }.dropFirst("://".count)
        return place.contains("/") ? endpoint : endpoint + "/v1/traces"
    }
}

extension Configuration.Telemetry.AccessLog {
    static func read(_ section: inout Section) -> Self {
        var log = Self()
        section.read("format", into: &log.format, .choice(.json), "JSON lines, or NCSA's common or combined format.")
        section.read(
            "to",
            into: &log.destination,
            .accessLogDestination,
            "stdout, stderr, or a file's path; a file that was renamed or removed is opened anew, at once on SIGHUP."
        )
        section.read(
            "query",
            into: &log.query,
            .choice(.redact),
            "Replaces credentials in queries by REDACTED, or drops queries altogether."
        )
        section.read(
            "queue",
            into: &log.queue,
            .integer(100...10_000_000),
            "Lines that wait to be written, at most; more are dropped and counted."
        )
        return log
    }
}

extension Kind where Value == Configuration.Telemetry.AccessLog.Destination {
    fileprivate static var accessLogDestination: Kind {
        .text(
            Pattern("^[^\\x00]{1,4096}$", "stdout, stderr or a file's path"),
            placeholder: .stdout,
            json: { destination in
                switch destination {
                case .stdout: "stdout"
                case .stderr: "stderr"
                case .file(let path): .string(path)
                }
            },
            parse: { (text) throws(Invalid) in
                switch text {
                case "stdout": return .stdout
                case "stderr": return .stderr
                default:
                    guard text.contains("/") else {
                        throw Invalid("must be stdout, stderr or a path", advice: "write a file here as ./\(text)")
                    }
                    return .file(text)
                }
            }
        )
    }
}

extension Kind where Value == [Configuration.Telemetry.ResourceAttribute] {
    private static let name = Pattern("^[a-z][a-z0-9_.]{0,127}$", "a name such as deployment.environment.name")

    fileprivate static var resource: Kind {
        let value = Kind<String>.text(Pattern("^[^\\x00-\\x1F\\x7F]{1,256}$", "1 to 256 characters"))
        return .pairs(names: .object([("pattern", .string(Self.name.source))]), of: value) { name, reading in
            if !Self.name.matches(name, in: reading) { return "\(quotedKey(name)) must be \(Self.name.meaning)" }
            return name == "service.name" ? "'service.name' is set by service_name" : nil
        } _: {
            .init(name: $0, value: $1)
        }
    }
}
