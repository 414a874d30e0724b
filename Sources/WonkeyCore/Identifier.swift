/// A stored thing's id: a short prefix, an underscore and random characters, such as `key_5fZt0aQ2mWx81LcV`.
///
/// The phantom parameter keeps a project's id from being passed where a key's is wanted.
package struct Identifier<Subject>: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { self.rawValue }
}

extension Identifier: Comparable {
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Names the subjects of ``Identifier``; no values exist.
package enum Subjects {
    package enum Organization {}
    package enum Project {}
    package enum Key {}
    package enum Identity {}
    package enum User {}
    package enum Session {}
    package enum Invitation {}
}

package typealias OrganizationID = Identifier<Subjects.Organization>
package typealias ProjectID = Identifier<Subjects.Project>
package typealias KeyID = Identifier<Subjects.Key>
package typealias IdentityID = Identifier<Subjects.Identity>
package typealias UserID = Identifier<Subjects.User>
package typealias SessionID = Identifier<Subjects.Session>
package typealias InvitationID = Identifier<Subjects.Invitation>

extension Identifier {
    /// Makes a new id of 16 random characters out of `[0-9A-Za-z]` (95 bits) behind `prefix` and an underscore.
    ///
    /// - Parameters:
    ///   - prefix: What the id names, such as `key`, `proj` or `org`.
    ///   - generator: A cryptographic source in production.
    /// - Returns: The new id.
    package static func random(prefix: String, using generator: inout some RandomNumberGenerator) -> Self {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var text = prefix + "_"
        for _ in 0..<16 {
            text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        return Self(rawValue: text)
    }
}
