/// One finished piece of work as it is exported.
///
/// - SeeAlso: OpenTelemetry's semantic conventions for HTTP spans, 1.44.
package struct SpanRecord: Equatable, Sendable {
    /// Numbers as in OTLP.
    package enum Kind: Int, Sendable { case server = 2, client = 3 }
    /// Numbers as in OTLP.
    package enum Status: Int, Sendable { case unset = 0, error = 2 }
    package enum Value: Equatable, Sendable {
        case text(String)
        case integer(Int)
    }
    package struct Attribute: Equatable, Sendable {
        package var name: String
        package var value: Value

        package init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    package var traceID: TraceID
    package var spanID: SpanID
    package var parentID: SpanID?
    package var traceState: String?
    package var kind: Kind
    package var name: String
    /// Nanoseconds since the Unix epoch.
    package var start: Int64
    /// Nanoseconds since the Unix epoch.
    package var end: Int64
    package var attributes: [Attribute]
    package var status: Status

    package init(
        traceID: TraceID,
        spanID: SpanID,
        parentID: SpanID? = nil,
        traceState: String? = nil,
        kind: Kind,
        name: String,
        start: Int64,
        end: Int64,
        attributes: [Attribute] = [],
        status: Status = .unset
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
        self.traceState = traceState
        self.kind = kind
        self.name = name
        self.start = start
        self.end = end
        self.attributes = attributes
        self.status = status
    }
}
