/// A random secret that is handed out once and stored as its SHA-256: a refresh token, an invitation.
///
/// Prints as `<token>` in every form; ``reveal()`` alone gives it away.
package struct OpaqueToken: Sendable {
    private let text: String

    /// Makes a new one: `prefix`, an underscore and 43 characters that hold 256 random bits.
    ///
    /// - Parameters:
    ///   - prefix: What it is, such as `wkr`.
    ///   - generator: The system's CSPRNG in production.
    package init(prefix: String, using generator: inout some RandomNumberGenerator) {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_")
        var text = prefix + "_"
        for _ in 0..<43 {
            text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        self.text = text
    }

    /// The text, for the one answer that hands it to its holder.
    package func reveal() -> String { self.text }

    package var hash: TokenHash { TokenHash(of: self.text) }
}

extension OpaqueToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<token>" }
    package var debugDescription: String { "<token>" }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

/// The SHA-256 of an ``OpaqueToken``: all that is stored of it.
package struct TokenHash: Hashable, Sendable {
    /// 32 of them.
    package let bytes: [UInt8]

    /// Hashes a presented token, whatever it looks like.
    package init(of text: String) {
        self.bytes = KeyHash(of: Array(text.utf8)).bytes
    }
}
