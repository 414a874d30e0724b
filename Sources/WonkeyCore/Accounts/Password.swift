/// A password that may be set: 8 to 128 characters, any of them.
///
/// Characters are Unicode scalars, as JSON Schema's `minLength` counts them. There is no rule about kinds of
/// characters (NIST SP 800-63B §5.1.1.2). Whoever signs in gives a plain ``Secret``: what never could be set is only wrong.
package struct Password: Hashable, Sendable {
    package static let lengthRange = 8...128

    /// The text, which prints as `<secret>`.
    package let secret: Secret

    /// Takes a new password, or gives `nil` unless it has 8 to 128 characters.
    ///
    /// - Parameter text: As given, spaces included.
    package init?(_ text: String) {
        guard Self.lengthRange.contains(text.unicodeScalars.count) else { return nil }
        self.secret = Secret(text)
    }
}

/// Hashes passwords, slowly and somewhere else.
///
/// Never on the caller's thread. What is asked beyond a bounded queue fails at once with `.busy`: whoever guesses
/// passwords in masses must not make everybody else wait.
package protocol PasswordHasher: Sendable {
    /// A new salted hash, in the form that ``verify(_:against:)`` takes.
    func hash(_ password: Password) async throws(PasswordHasherError) -> String

    /// Compares a presented password with a stored hash, in constant time.
    ///
    /// - Parameters:
    ///   - password: As presented, of any length.
    ///   - hash: `nil` where there is no such account or it has no password: the same work is done, so that the time
    ///     does not tell.
    /// - Returns: The verdict; always `.wrong` without a hash.
    /// - Throws: ``PasswordHasherError``.
    func verify(_ password: Secret, against hash: String?) async throws(PasswordHasherError) -> PasswordVerdict
}

/// Whether a password is the right one.
package enum PasswordVerdict: Equatable, Sendable {
    case right
    /// The right one, and its hash is weaker than new ones are: hash it again.
    case rightButWeaklyHashed
    case wrong
}

/// A password could not be hashed; meant for the log, never for a client.
package struct PasswordHasherError: Error, Equatable {
    package enum Code: Sendable {
        /// Too many are waiting.
        case busy
        /// The stored hash is not one, or the library refused to work.
        case failed
    }
    package var code: Code
    /// Holds neither a password nor a hash.
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}
