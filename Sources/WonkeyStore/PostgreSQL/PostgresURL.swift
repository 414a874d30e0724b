internal import CLibPQ
import WonkeyCore

/// A connection URL that was looked over before libpq sees it.
///
/// libpq's messages name host, port, user and database. They hold no password as long as what comes before the `@` was
/// understood as such, so a URL in which a character of the password may have been taken for a border is refused here.
struct PostgresURL: Sendable {
    let secret: Secret
    /// As the URL or libpq's environment names it.
    let database: String

    /// Checks a URL.
    ///
    /// - Parameter secret: The URL.
    /// - Throws: ``WonkeyCore/StoreError`` whose message does not quote the URL.
    init(_ secret: Secret) throws(StoreError) {
        let text = secret.revealed
        guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://"), !text.utf8.contains(0),
            let slashes = text.firstRange(of: "://")
        else { throw Self.invalid("must begin with postgres:// or postgresql://") }
        let rest = text[slashes.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, !rest[authority.endIndex...].contains("@") else {
            throw Self.invalid("has an '@' too many: write @ / ? # of a password as %40 %2F %3F %23")
        }
        guard parts.count == 1 || parts[0].filter({ $0 == ":" }).count <= 1 else {
            throw Self.invalid("has a ':' too many: write ':' of a user or password as %3A")
        }
        for place in (parts.last ?? "").split(separator: ",") {
            let port = place.hasPrefix("[") ? place.drop { $0 != "]" }.dropFirst() : place.drop { $0 != ":" }
            guard port.isEmpty || port.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) else {
                throw Self.invalid("has a port that is no number")
            }
        }
        guard let database = Self.database(in: text) else { throw Self.invalid("is not one that libpq understands") }
        self.secret = secret
        self.database = database
    }

    private static func invalid(_ why: String) -> StoreError {
        StoreError(code: .unavailable, message: "the store's URL \(why)")
    }

    /// What libpq's own parser makes of the URL; its message would quote the URL.
    private static func database(in text: String) -> String? {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = unsafe PQconninfoParse(text, &message) else {
            unsafe PQfreemem(message)
            return nil
        }
        defer { unsafe PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe values[String(cString: keyword)] = String(cString: value)
            }
            unsafe option += 1
        }
        return values["dbname"] ?? values["user"] ?? ""
    }
}
