import Foundation
import Logging
import WonkeyAdmin
import WonkeyConfig
import WonkeyCore
import WonkeyStore

/// Where the service's log goes: standard error, as text or as one JSON object per line.
enum ServiceLog {
    static func handler(label: String, _ settings: Configuration.Logging) -> any LogHandler {
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        switch settings.format {
        case .text:
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        case .json: return JSONLinesLog(label: label, level: level)
        }
    }
}

/// Writes `{"time","level","logger","message",…metadata}` lines.
private struct JSONLinesLog: LogHandler {
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
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let members: [JSONValue.Member] = [
            .init("time", .string(SystemClock().now.rfc3339)), .init("level", .string(event.level.rawValue)),
            .init("logger", .string(self.label)), .init("message", .string("\(event.message)")),
        ]
        let line = JSONValue.object(members + metadata.map { .init($0.key, .string("\($0.value)")) }).text
        // Nobody is left to be told if standard error is closed.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }
}
