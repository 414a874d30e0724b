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

    private static func token(of value: [UInt8]) -> Scheme {
        let name = value.prefix { $0 != UInt8(ascii: " ") }
        guard !name.isEmpty, name.allSatisfy(isTokenByte) else { return .malformed }
        guard name.map({ $0 | 0x20 }) == Array("bearer".utf8) else { return .otherScheme }
        let token = value[name.endIndex...].drop { $0 == UInt8(ascii: " ") }
        let body = token.prefix(while: isToken68Byte)
        let padding = token[body.endIndex...]
        guard !body.isEmpty, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else { return .malformed }
        return .bearer(Array(token))
    }

    /// RFC 9110 §5.6.2 `tchar`.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// RFC 9110 §11.2 `token68` without its padding, which is RFC 6750's `b64token`.
    private static func isToken68Byte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/".utf8.contains(byte)
        }
    }
}
