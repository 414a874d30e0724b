/// A text format for scrapers.
package enum MetricsFormat: Sendable, CaseIterable {
    /// Prometheus text 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.0, sent to those who ask for it.
    case openMetrics

    package var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// Chooses the format for a request.
    ///
    /// - Parameter accept: The `Accept` field. OpenMetrics is chosen where it is named, with no other version and with a
    ///   weight above 0: whoever can read it prefers it.
    package init(accept: String?) {
        let ranges = (accept ?? "").lowercased().split(separator: ",").map { range in
            range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        }
        let isAccepted = ranges.contains { parts in
            parts.first == "application/openmetrics-text"
                && parts.dropFirst().allSatisfy { parameter in
                    if parameter.hasPrefix("version=") { return parameter == "version=1.0.0" }
                    if parameter.hasPrefix("q=") { return Double(parameter.dropFirst(2)) ?? 0 > 0 }
                    return true
                }
        }
        self = isAccepted ? .openMetrics : .prometheus
    }
}

enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

struct MetricSample: Sendable {
    enum Value: Sendable {
        case integer(Int)
        case number(Double)
        case histogram(HistogramBounds, Histogram.Snapshot)
    }
    var labels: [(name: String, value: String)]
    var value: Value
}

/// Writes metric families as text.
///
/// - SeeAlso: OpenMetrics 1.0.0 (draft-richih-opsawg-openmetrics-00).
struct MetricsWriter {
    let format: MetricsFormat
    private var text = ""

    init(format: MetricsFormat) {
        self.format = format
    }

    mutating func write(name: String, help: String, kind: MetricKind, samples: [MetricSample]) {
        let sampleName = kind == .counter ? name + "_total" : name
        let familyName =
            switch self.format {
            case .prometheus: sampleName
            case .openMetrics: name
            }
        self.text += "# HELP \(familyName) \(self.escapedHelp(help))\n# TYPE \(familyName) \(kind.rawValue)\n"
        for sample in samples {
            switch sample.value {
            case .integer(let value): self.line(sampleName, sample.labels, String(value))
            case .number(let value):
                let text = Int(exactly: value).map(String.init) ?? Self.number(value)
                self.line(sampleName, sample.labels, text)
            case .histogram(let bounds, let snapshot): self.histogram(name, sample.labels, bounds, snapshot)
            }
        }
    }

    consuming func finish() -> String {
        switch self.format {
        case .prometheus: self.text
        case .openMetrics: self.text + "# EOF\n"
        }
    }

    private mutating func histogram(
        _ name: String,
        _ labels: [(name: String, value: String)],
        _ bounds: HistogramBounds,
        _ snapshot: Histogram.Snapshot
    ) {
        let limits = bounds.bounds.map { Self.number(bounds.scraped($0)) } + ["+Inf"]
        for (limit, count) in zip(limits, snapshot.cumulative) {
            self.line(name + "_bucket", labels + [(name: "le", value: limit)], String(count))
        }
        self.line(name + "_sum", labels, Self.number(bounds.scraped(snapshot.sum)))
        self.line(name + "_count", labels, String(snapshot.cumulative.last ?? 0))
    }

    private mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        self.text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            self.text += "{" + pairs.joined(separator: ",") + "}"
        }
        self.text += " " + value + "\n"
    }

    /// OpenMetrics escapes quotes in help texts, Prometheus does not.
    private func escapedHelp(_ help: String) -> String {
        switch self.format {
        case .prometheus: Self.escaped(help, quotes: false)
        case .openMetrics: Self.escaped(help, quotes: true)
        }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A number with a decimal point (`1.0`), as OpenMetrics wants it for bounds; a bucket is named alike in both formats.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        guard value.isInfinite else { return value.description }
        return value < 0 ? "-Inf" : "+Inf"
    }
}
