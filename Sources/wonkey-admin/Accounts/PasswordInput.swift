import Foundation

/// Passwords from a terminal or standard input, never from arguments, which everybody on the machine sees.
enum PasswordInput {
    /// Longer than any password, in bytes.
    private static let sizeMax = 1_024

    /// Asks twice without echo on a terminal; else reads the first line of standard input.
    ///
    /// - Throws: ``CommandFailure`` if the two differ, or there is nothing to read.
    static func read() throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return try self.line() }
        let first = try self.ask("New password: ")
        guard try self.ask("Once more: ") == first else {
            throw CommandFailure.usage("the two passwords differ")
        }
        return first
    }

    private static func line() throws -> String {
        let input = try FileHandle.standardInput.read(upToCount: self.sizeMax + 1) ?? Data()
        guard !input.isEmpty else {
            throw CommandFailure.usage(
                "give the password on standard input, such as: wonkey-admin user … < password.txt"
            )
        }
        guard input.count <= self.sizeMax, let text = String(data: input, encoding: .utf8) else {
            throw CommandFailure.usage("a password is at most \(self.sizeMax) bytes of UTF-8")
        }
        let line = text.prefix { !$0.isNewline }
        return String(line)
    }

    private static func ask(_ question: String) throws -> String {
        try FileHandle.standardError.write(contentsOf: Data(question.utf8))
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandFailure(status: 1, message: "the terminal cannot be asked")
        }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            try? FileHandle.standardError.write(contentsOf: Data("\n".utf8))
        }
        guard let answer = readLine() else { throw CommandFailure.usage("no password was given") }
        return answer
    }
}
