import Synchronization

/// All metrics of the process, and their text for a scraper.
///
/// Names are registered once, at start; registering one twice is a mistake of ours and ends the process.
package final class MetricsRegistry: Sendable {
    private let families = Mutex<[MetricName: RegisteredFamily]>([:])

    package init() {}

    package func counter(_ name: MetricName, help: String) -> Counter {
        self.counters(name, help: help, labels: []).child()
    }

    package func gauge(_ name: MetricName, help: String) -> Gauge {
        self.gauges(name, help: help, labels: []).child()
    }

    package func histogram(_ name: MetricName, help: String, bounds: HistogramBounds = .http) -> Histogram {
        self.histograms(name, help: help, labels: [], bounds: bounds).child()
    }

    /// Counters that differ by labels.
    ///
    /// - Parameters:
    ///   - name: Without `_total`.
    ///   - help: One line for people.
    ///   - labels: The label names.
    ///   - childrenMax: How many sets of label values there may be.
    /// - Returns: The family, still without children.
    package func counters(
        _ name: MetricName,
        help: String,
        labels: [String],
        childrenMax: Int = 1_000
    ) -> MetricFamily<Counter> {
        let family = MetricFamily(labels: labels, childrenMax: childrenMax) { Counter() }
        self.register(name, help, .counter) {
            family.samples.map {
                MetricSample(labels: $0.labels, value: .integer($0.parts.reduce(0) { $0 + $1.value }))
            }
        }
        return family
    }

    /// Gauges that differ by labels; see ``counters(_:help:labels:childrenMax:)``.
    package func gauges(
        _ name: MetricName,
        help: String,
        labels: [String],
        childrenMax: Int = 1_000
    ) -> MetricFamily<Gauge> {
        let family = MetricFamily(labels: labels, childrenMax: childrenMax) { Gauge() }
        self.register(name, help, .gauge) {
            family.samples.map {
                MetricSample(labels: $0.labels, value: .integer($0.parts.reduce(0) { $0 + $1.value }))
            }
        }
        return family
    }

    /// Histograms that differ by labels; see ``counters(_:help:labels:childrenMax:)``.
    package func histograms(
        _ name: MetricName,
        help: String,
        labels: [String],
        bounds: HistogramBounds = .http,
        childrenMax: Int = 1_000
    ) -> MetricFamily<Histogram> {
        let family = MetricFamily(labels: labels, childrenMax: childrenMax) { Histogram(bounds) }
        self.register(name, help, .histogram) {
            family.samples.map {
                MetricSample(labels: $0.labels, value: .histogram(bounds, Histogram.Snapshot(of: $0.parts)))
            }
        }
        return family
    }

    /// A gauge whose value is worked out at each scrape.
    ///
    /// - Parameters:
    ///   - name: Unique.
    ///   - help: One line for people.
    ///   - labels: Constant labels, such as the version of a build.
    ///   - read: Called on the scraping thread; must not block. `nil` leaves the sample out.
    package func gauge(
        _ name: MetricName,
        help: String,
        labels: [(name: String, value: String)] = [],
        read: @escaping @Sendable () -> Double?
    ) {
        self.register(name, help, .gauge) {
            read().map { [MetricSample(labels: labels, value: .number($0))] } ?? []
        }
    }

    /// Gauges whose values and label values are worked out at each scrape, of things that come and go.
    ///
    /// - Parameters:
    ///   - name: Unique.
    ///   - help: One line for people.
    ///   - labels: The label names.
    ///   - read: Called on the scraping thread; must not block. Label values must be out of a bounded set.
    package func gauges(
        _ name: MetricName,
        help: String,
        labels: [String],
        read: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        self.register(name, help, .gauge) {
            read().map { sample in
                MetricSample(
                    labels: zip(labels, sample.labels).map { (name: $0, value: $1) },
                    value: .number(sample.value)
                )
            }
        }
    }

    /// A counter that something else keeps, read at each scrape; must never shrink.
    ///
    /// - Parameters:
    ///   - name: Without `_total`.
    ///   - help: One line for people.
    ///   - labels: Constant labels.
    ///   - read: Called on the scraping thread; must not block. `nil` leaves the sample out.
    package func counter(
        _ name: MetricName,
        help: String,
        labels: [(name: String, value: String)] = [],
        read: @escaping @Sendable () -> Double?
    ) {
        self.register(name, help, .counter) {
            read().map { [MetricSample(labels: labels, value: .number($0))] } ?? []
        }
    }

    /// Everything registered, ordered by name.
    package func render(_ format: MetricsFormat) -> String {
        let families = self.families.withLock(\.self).sorted { $0.key.text < $1.key.text }
        var writer = MetricsWriter(format: format)
        for (name, family) in families {
            writer.write(name: name.text, help: family.help, kind: family.kind, samples: family.read())
        }
        return writer.finish()
    }

    private func register(
        _ name: MetricName,
        _ help: String,
        _ kind: MetricKind,
        read: @escaping @Sendable () -> [MetricSample]
    ) {
        let family = RegisteredFamily(help: help, kind: kind, read: read)
        let previous = self.families.withLock { $0.updateValue(family, forKey: name) }
        precondition(previous == nil, "metric \(name.text) registered twice")
    }
}

private struct RegisteredFamily: Sendable {
    var help: String
    var kind: MetricKind
    var read: @Sendable () -> [MetricSample]
}
