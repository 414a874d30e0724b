/// Fields that concern one connection only (F1, F2, RFC 9110 §7.6.1).
enum HopByHop {
    /// Never forwarded, named in `Connection` or not.
    static let fields: UInt64 =
        KnownField.connection.bit | KnownField.keepAlive.bit | KnownField.proxyConnection.bit | KnownField.te.bit
        | KnownField.transferEncoding.bit | KnownField.trailer.bit | KnownField.upgrade.bit

    /// The names a message's `Connection` lists.
    struct Nominated {
        var known: UInt64 = 0
        var others: [FieldName] = []

        /// Whether the line was nominated.
        func contains(_ entry: FieldSection.Entry, _ fields: FieldSection) -> Bool {
            if entry.known != 0 { return self.known & (1 << UInt64(entry.known)) != 0 }
            return self.others.contains { fields.matches(entry, $0) }
        }
    }

    /// Reads all `Connection` lines.
    static func nominated(by fields: FieldSection) -> Nominated {
        var nominated = Nominated()
        for entry in fields.entries where entry.known == KnownField.connection.rawValue {
            fields.withBytes(of: entry) { value in
                value.forEachListElement { option in
                    let known = KnownFields.index(of: option)
                    if known != 0 {
                        nominated.known |= 1 << UInt64(known)
                    } else if !option.isWord(Words.close) {
                        nominated.others.append(FieldName(option.text))
                    }
                }
            }
        }
        return nominated
    }
}

/// The proxies a message came through (F5, F6).
enum ViaField {
    /// Tells whether `pseudonym` is among them.
    static func names(_ pseudonym: String, in fields: FieldSection) -> Bool {
        var isNamed = false
        for entry in fields.entries where entry.known == KnownField.via.rawValue {
            let name = FieldName(pseudonym)
            fields.withBytes(of: entry) { value in
                value.forEachListElement { element in
                    var start = 0
                    while start < element.count, !element[start].isWhitespace { start += 1 }
                    while start < element.count, element[start].isWhitespace { start += 1 }
                    var end = start
                    while end < element.count, !element[end].isWhitespace { end += 1 }
                    if element.extracting(start..<end).equalsIgnoringCase(name) { isNamed = true }
                }
            }
        }
        return isNamed
    }
}
