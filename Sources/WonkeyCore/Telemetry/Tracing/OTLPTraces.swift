/// Writes spans as OTLP/HTTP wants them in JSON.
///
/// - SeeAlso: OTLP 1.x, `ExportTraceServiceRequest`; ids are hexadecimal and 64-bit numbers are strings.
package enum OTLPTraces {
    package static let contentType = "application/json"

    /// One request with all spans.
    ///
    /// - Parameters:
    ///   - spans: Of this process.
    ///   - resource: What describes the process, such as `service.name`.
    ///   - version: Of the program.
    /// - Returns: UTF-8.
    package static func json(_ spans: [SpanRecord], resource: [SpanRecord.Attribute], version: String) -> [UInt8] {
        var text = #"{"resourceSpans":[{"resource":{"attributes":"#
        text.append(attributes: resource)
        text += #"},"scopeSpans":[{"scope":{"name":"wonkey","version":"#
        text.appendJSONString(version)
        text += #"},"spans":["#
        for (index, span) in spans.enumerated() {
            if index > 0 { text += "," }
            text.append(span)
        }
        text += "]}]}]}"
        return Array(text.utf8)
    }
}

extension String {
    fileprivate mutating func append(_ span: SpanRecord) {
        self += #"{"traceId":"\#(span.traceID.text)","spanId":"\#(span.spanID.text)""#
        if let parent = span.parentID { self += #","parentSpanId":"\#(parent.text)""# }
        if let state = span.traceState {
            self += #","traceState":"#
            self.appendJSONString(state)
        }
        self += #","name":"#
        self.appendJSONString(span.name)
        self += #","kind":\#(span.kind.rawValue)"#
        self += #","startTimeUnixNano":"\#(span.start)","endTimeUnixNano":"\#(span.end)","attributes":"#
        self.append(attributes: span.attributes)
        switch span.status {
        case .unset: break
        case .error: self += #","status":{"code":\#(span.status.rawValue)}"#
        }
        self += "}"
    }

    fileprivate mutating func append(attributes: [SpanRecord.Attribute]) {
        self += "["
        for (index, attribute) in attributes.enumerated() {
            if index > 0 { self += "," }
            self += #"{"key":"#
            self.appendJSONString(attribute.name)
            switch attribute.value {
            case .text(let text):
                self += #","value":{"stringValue":"#
                self.appendJSONString(text)
                self += "}}"
            case .integer(let number): self += #","value":{"intValue":"\#(number)"}}"#
            }
        }
        self += "]"
    }
}
