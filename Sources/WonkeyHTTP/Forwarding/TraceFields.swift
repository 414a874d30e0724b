package import WonkeyCore
internal import NIOCore

/// What becomes of `traceparent` and `tracestate` on the way to an upstream.
package enum ForwardedTrace: Hashable, Sendable {
    /// They pass unchanged, if there are any.
    case asReceived
    /// Neither is sent.
    case none
    /// The client's are removed, these are sent.
    case replaced(TraceParent, state: String?)
}

/// What a client says of the trace its request is part of.
package enum ReceivedTrace: Hashable, Sendable {
    /// Nothing.
    case none
    /// `tracestate` alone, which means nothing.
    case onlyState
    case valid(TraceParent, state: ReceivedTraceState)
    /// More than one `traceparent`, or one that is not valid: the request begins a new trace.
    case invalid
}

package enum ReceivedTraceState: Hashable, Sendable {
    /// None, or one that may pass unchanged.
    case unchanged
    /// What may be passed on; `nil` for nothing.
    case changed(String?)
}

extension FieldSection {
    /// Reads `traceparent` and `tracestate` (W3C Trace Context §3, §4.3).
    package var receivedTrace: ReceivedTrace {
        var parents = 0
        var states = 0
        for entry in self.entries {
            if entry.known == KnownField.traceParent.rawValue { parents += 1 }
            if entry.known == KnownField.traceState.rawValue { states += 1 }
        }
        if parents == 0 { return states == 0 ? .none : .onlyState }
        guard parents == 1, let parent = self.withBytes(of: .traceParent, { TraceParent($0) }) ?? nil else {
            return .invalid
        }
        guard states > 0 else { return .valid(parent, state: .unchanged) }
        let values = self.values(.traceState)
        let kept = TraceState.kept(of: values)
        return .valid(parent, state: values == [kept] ? .unchanged : .changed(kept))
    }
}

extension ReceivedTraceState {
    /// What is passed on, if the fields are written anew.
    package func text(in fields: FieldSection) -> String? {
        switch self {
        case .unchanged: fields.first(.traceState)
        case .changed(let kept): kept
        }
    }
}

extension HeadBytes {
    /// Writes both fields.
    ///
    /// - Returns: Where the span id is.
    mutating func appendTrace(_ parent: TraceParent, _ state: String?) -> Int {
        self.append("traceparent: ")
        let spanID = self.count + 36
        self.append(text: parent.text)
        self.append("\r\n")
        if let state { self.appendLine("tracestate", state) }
        return spanID
    }
}

extension OutgoingHead {
    /// The same head for another try, with a span of its own.
    package func tracing(_ span: SpanID) -> OutgoingHead {
        guard let place = self.spanID else { return self }
        var head = self
        head.bytes.setString(span.text, at: place)
        return head
    }
}
