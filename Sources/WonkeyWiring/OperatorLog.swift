import Foundation
package import Logging
package import WonkeyConfig

/// Where a program's own messages go: standard error, as text or as one JSON object per line.
package enum OperatorLog {
    /// Makes what `LoggingSystem.bootstrap` wants.
    package static func handler(label: String, _ settings: Configuration.Logging) -> any LogHandler {
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        switch settings.format {
        case .text:
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        case .json: return JSONLogHandler(label: label, level: level)
        }
    }
}

/// Writes `{"time","level","logger","message",…metadata}` lines.
private struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, level: Logger.Level) {
        self.label = label
        self.logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members: [String: String] = [:]
        for (key, value) in self.metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
            members[key] = "\(value)"
        }
        members["time"] = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        members["level"] = event.level.rawValue
        members["logger"] = self.label
        members["message"] = "\(event.message)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var line = try? encoder.encode(members) else { return }
        line.append(UInt8(ascii: "\n"))
        // Nobody is left to be told if standard error is closed.
        try? FileHandle.standardError.write(contentsOf: line)
    }
}
