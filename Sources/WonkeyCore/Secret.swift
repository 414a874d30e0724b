/// A value that must not be shown: a credential, a token, an API key.
///
/// It prints as `<secret>` in every form, `dump` and reflection included.
package struct Secret: Hashable, Sendable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The value itself, for the one place that sends it.
    package var revealed: String { self.text }

    package var isEmpty: Bool { self.text.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
