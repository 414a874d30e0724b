/// For whom a store reads and writes, and so what there is for it to see.
///
/// Repositories put the scope's condition into every statement. PostgreSQL enforces the same a second time, by the role a
/// transaction takes and its row-level security; SQLite has the first guard only.
package enum StoreScope: Hashable, Sendable {
    /// The operator at the command line, and work that belongs to nobody (migrations, retention): everything.
    case `operator`
    /// A signed-in user: the rows of the organizations they are a member of; nothing else exists.
    case member(UserID)
    /// The service that signs people up and in, before it knows who they are: users, sessions, memberships, no keys or logs.
    case accounts
    /// The data plane: reads keys and limits, writes logs, usage and `last_used_at`.
    case proxy
}
