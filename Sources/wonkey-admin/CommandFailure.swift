import Foundation
import WonkeyAdmin
import WonkeyConfig
import WonkeyCore

/// Why a command ends, as its user sees it.
struct CommandFailure: Error {
    /// 1 failure, 2 usage or configuration.
    var status: Int32
    /// Without the program's name; lines where there are several faults.
    var message: String

    static func usage(_ message: String) -> Self {
        Self(status: 2, message: message)
    }
}

extension CommandFailure {
    /// Translates what operations, the configuration and the store throw; `nil` for the argument parser's own errors.
    init?(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as OperationError:
            let detail = error.detail.map { " (\($0))" } ?? ""
            self.init(status: error.code == .invalidInput ? 2 : 1, message: error.message + detail)
        case let faults as ConfigurationFaults:
            self.init(status: 2, message: faults.description)
        case let error as StoreError:
            self.init(status: 1, message: error.message)
        default: return nil
        }
    }

    /// Runs `body` and gives what stopped it.
    static func catching(_ body: () throws -> Void) -> Self? {
        do {
            try body()
            return nil
        } catch {
            return Self(error) ?? Self(status: 1, message: "\(error)")
        }
    }
}

/// Writes to standard error, each line behind the program's name; keys are cut to their start.
func report(_ message: String) {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.enumerated().map { index, line in
        // Continuations, such as a usage line, are indented or labelled by themselves.
        index == 0 || line.contains(#/^[^ ]+:\d+:\d+: /#) ? "wonkey-admin: \(line)" : String(line)
    }
    // Nobody is left to be told if standard error is closed.
    try? FileHandle.standardError.write(contentsOf: Data((redactingKeys(in: text.joined(separator: "\n")) + "\n").utf8))
}
