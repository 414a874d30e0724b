/// A response head: received from an upstream, or to be sent to a client.
///
/// Framing fields (`Content-Length`, `Transfer-Encoding`, `Connection`) are no part of it on the way out; the server
/// writes them itself.
package struct ResponseHead: Sendable {
    /// 100…999.
    package var status: Int
    /// Empty: the standard phrase is written.
    package var reason: String
    package var fields: FieldSection

    package init(status: Int, reason: String = "", fields: FieldSection = FieldSection()) {
        self.status = status
        self.reason = reason
        self.fields = fields
    }
}
