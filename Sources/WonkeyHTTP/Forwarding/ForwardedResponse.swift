/// Makes the client's response out of the upstream's.
package enum ForwardedResponse {
    private static let droppedFields: UInt64 = HopByHop.fields | KnownField.contentLength.bit

    /// Drops hop-by-hop fields (F1, F2) and keeps everything else in order (F4).
    ///
    /// - Parameter head: The upstream's.
    /// - Returns: The head without hop-by-hop and framing fields; the server adds `Date` where it is missing (F9).
    package static func head(from head: consuming ResponseHead) -> ResponseHead {
        let nominated = HopByHop.nominated(by: head.fields)
        let fields = head.fields
        let namesUpgrade = head.status == 426 || head.status == 101
        head.fields.entries.removeAll { entry in
            if entry.known == KnownField.via.rawValue { return false }
            // 426 says what to upgrade to (F21), 101 what was (F20).
            if namesUpgrade, entry.known == KnownField.upgrade.rawValue { return false }
            return ForwardedResponse.droppedFields & (1 << UInt64(entry.known)) != 0
                || nominated.contains(entry, fields)
        }
        return head
    }
}
