/// The whole text of a key, which only its holder may see.
///
/// Prints as its public start and an ellipsis in every form, `dump` included; ``reveal()`` alone gives it away.
package struct KeyText: Sendable {
    /// How many of the random digits are public.
    package static let shownDigits = 8

    private let bytes: [UInt8]
    private let startLength: Int
    package let environment: KeyEnvironment

    init(checked bytes: [UInt8], environment: KeyEnvironment, startLength: Int) {
        self.bytes = bytes
        self.environment = environment
        self.startLength = startLength
    }

    /// The whole key.
    ///
    /// For the one answer that hands it to its holder; never for a log, an error or an argument.
    package func reveal() -> String {
        String(decoding: self.bytes, as: UTF8.self)
    }

    /// The public beginning, such as `nb_live_1a2b3c4d`.
    package var start: String {
        String(decoding: self.bytes.prefix(self.startLength), as: UTF8.self)
    }

    /// What is stored and looked up instead of the text.
    package var hash: KeyHash { KeyHash(of: self.bytes) }
}

extension KeyText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { self.start + "…" }
    package var debugDescription: String { self.description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
