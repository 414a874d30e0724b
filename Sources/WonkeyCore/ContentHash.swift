internal import Crypto

/// The short name of a file's content, as people compare it.
package enum ContentHash {
    /// How much of the hash is shown: enough to tell the versions of one file apart.
    package static let digits = 12

    /// The first digits of the content's SHA-256, as `sha256sum` prints it.
    package static func text(of bytes: [UInt8]) -> String {
        var text = ""
        for byte in SHA256.hash(data: bytes).prefix(Self.digits / 2) {
            text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return text
    }
}
