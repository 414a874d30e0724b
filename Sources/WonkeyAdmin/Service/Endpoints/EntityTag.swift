/// The ETag of a thing is its version in quotation marks: `"3"` (RFC 9110 §8.8.3).
package enum EntityTag {
    package static func text(version: Int64) -> String { "\"\(version)\"" }

    /// Reads `If-Match`.
    ///
    /// - Parameter text: `*` or one strong tag.
    /// - Returns: The version, or `nil` for `*`.
    /// - Throws: ``Problem`` 412 for a weak or foreign tag, which matches nothing; 422 for several or no tags.
    package static func version(ifMatch text: String) throws(Problem) -> Int64? {
        if text == "*" { return nil }
        let isWeak = text.hasPrefix("W/")
        let tag = isWeak ? text.dropFirst(2) : text[...]
        guard tag.utf8.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\""), !tag.dropFirst().dropLast().contains("\"")
        else { throw .invalid(field: "If-Match", "send * or one entity tag, such as \"3\" with its quotation marks") }
        guard !isWeak, let version = Int64(tag.dropFirst().dropLast()), version >= 0 else {
            throw .preconditionFailed()
        }
        return version
    }
}
