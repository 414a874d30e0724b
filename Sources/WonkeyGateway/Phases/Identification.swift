package import WonkeyCore

/// What a request says of who sends it.
package enum Identification: Equatable, Sendable {
    case key(KeyHash)
    case refused(Refusal)
}

extension Identification {
    /// Reads a bearer credential (RFC 6750 §2.1) and hashes the key in it.
    ///
    /// - Parameters:
    ///   - authorization: The value of the first `Authorization` field; not looked at if there is none.
    ///   - lines: How many `Authorization` lines the request has; more than one is malformed.
    ///   - format: What a key looks like here; anything else is refused without a look-up.
    package init(authorization: Span<UInt8>, lines: Int, format: KeyFormat) {
        guard lines > 0 else {
            self = .refused(.missingKey)
            return
        }
        guard lines == 1 else {
            self = .refused(.malformedCredentials)
            return
        }
        switch Self.token(of: authorization) {
        case .otherScheme: self = .refused(.missingKey)
        case .malformed: self = .refused(.malformedCredentials)
        case .bearer(let range):
            let token = authorization.extracting(range)
            self = format.parse(token) == nil ? .refused(.malformedKey) : .key(KeyHash(of: token))
        }
    }

    private enum Scheme {
        /// Where the token is.
        case bearer(Range<Int>)
        case otherScheme, malformed
    }

    private static func token(of value: Span<UInt8>) -> Scheme {
        var space = 0
        while space < value.count, value[space] != UInt8(ascii: " ") { space += 1 }
        let scheme = value.extracting(0..<space)
        guard Self.isBearer(scheme), space < value.count else {
            return Self.isToken(scheme) && !Self.isBearer(scheme) ? .otherScheme : .malformed
        }
        var start = space
        while start < value.count, value[start] == UInt8(ascii: " ") { start += 1 }
        var end = start
        while end < value.count, Self.isToken68Byte(value[end]) { end += 1 }
        guard end > start else { return .malformed }
        for index in end..<value.count where value[index] != UInt8(ascii: "=") { return .malformed }
        return .bearer(start..<value.count)
    }

    private static func isBearer(_ name: Span<UInt8>) -> Bool {
        name.count == 6 && name[0] | 0x20 == UInt8(ascii: "b") && name[1] | 0x20 == UInt8(ascii: "e")
            && name[2] | 0x20 == UInt8(ascii: "a") && name[3] | 0x20 == UInt8(ascii: "r")
            && name[4] | 0x20 == UInt8(ascii: "e") && name[5] | 0x20 == UInt8(ascii: "r")
    }

    private static func isToken(_ name: Span<UInt8>) -> Bool {
        for index in name.indices where !Self.isTokenByte(name[index]) { return false }
        return !name.isEmpty
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// RFC 9110 §5.6.2 `tchar`.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        Self.isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// RFC 9110 §11.2 `token68` without its padding, which is RFC 6750's `b64token`.
    private static func isToken68Byte(_ byte: UInt8) -> Bool {
        Self.isAlphanumeric(byte) || "-._~+/".utf8.contains(byte)
    }
}
