import Foundation
import WonkeyCore
import WonkeyStore

/// Where batches go: a store, or a file of JSON lines.
enum Destination {
    case store(Store)
    case lines(FileHandle, JSONLinesSink)

    /// Opens `sqlite:PATH`, `postgres://…` or `jsonl:PATH`.
    static func open(_ url: String) async throws -> Self {
        guard url.hasPrefix("jsonl:") else { return .store(try await StoreBenchmark.open(url)) }
        let path = String(url.dropFirst("jsonl:".count))
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw StoreError(code: .unavailable, message: "cannot make \(path)") }
        return .lines(file, JSONLinesSink(descriptor: file.fileDescriptor))
    }

    var sink: any LogSink {
        switch self {
        case .store(let store): store.logSink
        case .lines(_, let sink): sink
        }
    }

    func close() async throws {
        switch self {
        case .store(let store): await store.close()
        case .lines(let file, _): try file.close()
        }
    }
}
