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
    ///   - authorization: The value of the `Authorization` field as bytes; `nil` if there is none.
    ///   - lines: How many `Authorization` lines the request has; more than one is malformed.
    ///   - format: What a key looks like here; anything else is refused without a look-up.
    package init(authorization: [UInt8]?, lines: Int, format: KeyFormat) {
        guard let authorization, lines > 0 else {
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
        case .bearer(let token):
            self = format.parse(token) == nil ? .refused(.malformedKey) : .key(KeyHash(of: token))
        }
    }

    private enum Scheme {
        case bearer([UInt8])
        case otherScheme, malformed
    }

    private static let scheme = Array("bearer".utf8)

    private static func token(of value: [UInt8]) -> Scheme {
        guard let space = value.firstIndex(of: UInt8(ascii: " ")) else {
            return value.allSatisfy(Self.isTokenByte) && !value.isEmpty && !Self.isBearer(value[...])
                ? .otherScheme : .malformed
        }
        guard Self.isBearer(value[..<space]) else {
            return space > 0 && value[..<space].allSatisfy(Self.isTokenByte) ? .otherScheme : .malformed
        }
        var start = space
        while start < value.count, value[start] == UInt8(ascii: " ") { start += 1 }
        var end = start
        while end < value.count, Self.isToken68Byte(value[end]) { end += 1 }
        guard end > start else { return .malformed }
        for index in end..<value.count where value[index] != UInt8(ascii: "=") { return .malformed }
        return .bearer(Array(value[start...]))
    }

    private static func isBearer(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count == Self.scheme.count else { return false }
        for (byte, expected) in zip(name, Self.scheme) where byte | 0x20 != expected { return false }
        return true
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
