package import WonkeyCore

/// The members of an organization, oldest first.
package struct ListMembers: Sendable {
    package var organization: OrganizationID

    package init(organization: OrganizationID) {
        self.organization = organization
    }

    package func run(in context: AccountContext) async throws(OperationError) -> [Member] {
        try await asking { () async throws(StoreError) in try await context.store.members(of: self.organization) }
    }
}

/// One member of an organization.
package struct ShowMember: Sendable {
    package var organization: OrganizationID
    package var user: UserID

    package init(organization: OrganizationID, user: UserID) {
        self.organization = organization
        self.user = user
    }

    package func run(in context: AccountContext) async throws(OperationError) -> Member {
        let found = try await asking { () async throws(StoreError) in
            try await context.store.member(self.user, of: self.organization)
        }
        guard let found else { throw OperationError(code: .notFound, message: "there is no such member") }
        return found
    }
}
