import ArgumentParser
import Foundation

/// Asks before what cannot be undone.
struct Confirmation: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    /// Checks that the answer is given, or that there is a terminal to ask for it.
    func requireMeans(of doing: String) throws {
        guard self.yes || isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure.usage("\(doing) cannot be undone and there is no terminal to ask; pass --yes")
        }
    }

    /// Asks, and ends the command unless the answer is yes.
    func ask(_ question: String, orElse message: String) throws {
        try FileHandle.standardError.write(contentsOf: Data((question + " [y/N] ").utf8))
        guard let answer = readLine()?.lowercased(), answer == "y" || answer == "yes" else {
            throw CommandFailure(status: 1, message: message)
        }
    }
}
