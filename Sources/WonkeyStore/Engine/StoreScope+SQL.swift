import WonkeyCore

extension StoreScope {
    /// The condition that an organization is within the scope.
    ///
    /// - Parameter organization: The column with the organization's id, qualified, such as `projects.org_id`.
    /// - Returns: A condition for a `WHERE` clause.
    func reaches(_ organization: BoundSQL) -> BoundSQL {
        switch self {
        case .operator: "1 = 1"
        case .member(let user):
            """
            EXISTS (
                SELECT 1 FROM memberships WHERE memberships.org_id = \(organization) AND memberships.user_id = \(user)
            )
            """
        case .accounts, .proxy: "1 = 0"
        }
    }
}
