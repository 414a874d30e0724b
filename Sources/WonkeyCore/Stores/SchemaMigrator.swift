/// Brings the schema up to date.
package protocol SchemaMigrator: Sendable {
    /// A numbered, checksummed step.
    typealias Step = (number: Int, name: String, sql: String)

    /// The steps not applied yet, in order.
    ///
    /// - Throws: ``StoreError``; `.corrupt` if an applied step's checksum differs or the schema is newer than this binary.
    func pending() async throws(StoreError) -> [Step]
    /// Applies what is pending under a lock and returns it.
    func migrate() async throws(StoreError) -> [Step]
}
