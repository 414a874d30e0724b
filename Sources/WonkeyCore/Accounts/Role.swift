/// What a member of an organization may do in it; every role may all that the ones before it may.
package enum Role: String, Sendable, CaseIterable {
    /// Reads everything.
    case viewer
    /// Also creates, changes, rotates, revokes and deletes keys, and sets keys' limits.
    case developer
    /// Also changes projects, projects' limits, and members up to admins.
    case admin
    /// Everything.
    case owner
}

extension Role: Comparable {
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .developer: 1
        case .admin: 2
        case .owner: 3
        }
    }
}
