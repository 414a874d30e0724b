import Foundation
import Support

/// What the system says of a running process.
struct ProcessMemory {
    private let process: Int

    /// The proxy that runs on a deployment's configuration.
    init(of deployment: Deployment) throws {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int($0) }
        let found = processes.first { process in
            guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return false }
            return String(decoding: line, as: UTF8.self).contains(deployment.directory.path)
        }
        guard let found else { throw Deployment.Failure(message: "no process on \(deployment.directory.path)") }
        self.process = found
    }

    /// Resident memory in bytes.
    func resident() throws -> Int { try self.line("VmRSS") }

    /// The most resident memory it ever had, in bytes.
    func peak() throws -> Int { try self.line("VmHWM") }

    private func line(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(self.process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        guard let kibibytes else { throw Deployment.Failure(message: "no \(name)") }
        return kibibytes << 10
    }
}

/// How much a test asks of the machine.
enum TestSize {
    /// Whether loads have the size they are meant for, which takes minutes on a debug build.
    static let isFull = ProcessInfo.processInfo.environment["WONKEY_TEST_FULL"] == "1"
}

/// A Python script that puts load on a proxy.
enum LoadScript {
    /// Runs one to its end.
    ///
    /// - Parameters:
    ///   - name: Of the file in `Programs`.
    ///   - arguments: In words.
    /// - Returns: The lines it printed, and what it had to complain of.
    /// - Throws: How it failed, in its own words.
    static func run(_ name: String, _ arguments: String...) async throws -> (lines: [String], complaints: String) {
        let outcome = try await TestVenv.program("python").run(
            [TestVenv.script(name)] + arguments,
            within: .seconds(TestSize.isFull ? 900 : 110)
        )
        guard outcome.status == 0 else {
            throw Deployment.Failure(message: "\(name): \(outcome.status) \(outcome.standardError)")
        }
        return (outcome.standardOutput.split(separator: "\n").map(String.init), outcome.standardError)
    }
}
