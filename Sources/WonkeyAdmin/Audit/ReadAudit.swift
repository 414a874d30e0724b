package import WonkeyCore

/// Who changed what, newest first.
package struct ReadAudit: Sendable {
    package enum Place: Equatable, Sendable {
        /// All that the acting user's scope reaches.
        case everywhere
        case organization(OrganizationID)
        /// A name or id.
        case project(String)
    }

    package var place: Place
    /// The id of what was changed.
    package var subject: String?
    /// The actor's name, such as `user:usr_…`.
    package var actor: String?
    package var event: String?
    /// A duration counts back from now; inclusive.
    package var from: Moment?
    /// Exclusive.
    package var to: Moment?

    package init(
        place: Place,
        subject: String? = nil,
        actor: String? = nil,
        event: String? = nil,
        from: Moment? = nil,
        to: Moment? = nil
    ) {
        self.place = place
        self.subject = subject
        self.actor = actor
        self.event = event
        self.from = from
        self.to = to
    }

    /// Reads a part.
    ///
    /// - Parameters:
    ///   - page: Which.
    ///   - context: Where.
    /// - Returns: The changes and where the next part starts.
    /// - Throws: ``OperationError``; `.notFound` if there is no such place.
    package func run(
        _ page: PageRequest,
        in context: AdministrationContext
    ) async throws(OperationError) -> Page<AuditRecord> {
        let now = context.clock.now
        let filter = AuditFilter(
            place: try await self.place(in: context),
            subject: self.subject,
            actor: self.actor,
            event: self.event,
            from: self.from?.before(now),
            to: self.to?.before(now)
        )
        return try await page.read {
            ListPlace(time: $0.time, id: $0.id)
        } _: { start, limit async throws(StoreError) in
            try await context.store.audit(filter, before: start, limit: limit)
        }
    }

    private func place(in context: AdministrationContext) async throws(OperationError) -> AuditFilter.Place {
        switch self.place {
        case .everywhere: .everywhere
        case .organization(let id): .organization(id)
        case .project(let nameOrID): .project(try await context.project(nameOrID).id)
        }
    }
}
