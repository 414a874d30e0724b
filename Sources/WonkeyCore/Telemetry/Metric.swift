import Synchronization

/// A metric's name as it is scraped, without the `_total` of counters.
///
/// A literal gets the prefix `wonkey_`: `"log_records_written"` is scraped as `wonkey_log_records_written_total`.
package struct MetricName: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String

    package init(stringLiteral value: String) {
        self.init(checked: "wonkey_" + value)
    }

    /// A name that convention fixes, such as `process_open_fds`.
    package static func unprefixed(_ name: String) -> Self {
        Self(checked: name)
    }

    private init(checked text: String) {
        precondition(Self.isValid(text) && !text.hasSuffix("_total"), "not the name of a metric family: \(text)")
        self.text = text
    }

    static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

/// One atomic number alone on its cache lines.
///
/// Two event loops that count different things must not slow each other down by sharing a line (128 bytes, because
/// processors fetch lines in pairs).
struct PaddedCell: ~Copyable, Sendable {
    private let before = InlineArray<15, UInt64>(repeating: 0)
    let value = Atomic<Int>(0)
    private let after = InlineArray<15, UInt64>(repeating: 0)
}

/// A number that only grows.
package final class Counter: Sendable {
    private let cell = PaddedCell()

    /// Makes a counter that no registry shows; for tests and for parts that run without metrics.
    package init() {}

    /// Adds to the counter: one relaxed atomic addition, from any thread.
    ///
    /// - Parameter amount: At least 0.
    package func increment(by amount: Int = 1) {
        self.cell.value.wrappingAdd(amount, ordering: .relaxed)
    }

    package var value: Int { self.cell.value.load(ordering: .relaxed) }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
    private let cell = PaddedCell()

    /// Makes a gauge that no registry shows; for tests and for parts that run without metrics.
    package init() {}

    package func set(_ value: Int) {
        self.cell.value.store(value, ordering: .relaxed)
    }

    /// Adds to the gauge, or takes away where `amount` is negative.
    package func add(_ amount: Int) {
        self.cell.value.wrappingAdd(amount, ordering: .relaxed)
    }

    package var value: Int { self.cell.value.load(ordering: .relaxed) }
}
