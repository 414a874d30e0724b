internal import Crypto

/// The short name of a file's content, as people compare it.
package enum ContentHash {
    /// How much of the hash is shown: enough to tell the versions of one file apart.
    package static let digits = 12

    /// The first digits of the content's SHA-256, as `sha256sum` prints it.
    package static func text(of bytes: [UInt8]) -> String {
        Self.hexadecimal(SHA256.hash(data: bytes).prefix(Self.digits / 2))
    }

    /// Names a content to those who know the salt, without telling it: HMAC-SHA-256.
    package static func text(of content: String, salt: String) -> String {
        let key = SymmetricKey(data: Array(salt.utf8))
        return Self.hexadecimal(HMAC<SHA256>.authenticationCode(for: Array(content.utf8), using: key))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes { text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }
        return text
    }
}
