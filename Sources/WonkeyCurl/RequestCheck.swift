import WonkeyCore

/// Refuses what libcurl would write to the wire as it is: it validates neither methods nor targets nor fields.
enum RequestCheck {
    /// Fields libcurl derives from the request itself; a second, different one would let two requests hide in one.
    private static let reserved: Set<String> = [
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// Passes a request that is safe to hand over, and throws ``ServiceError/Code/invalidRequest`` otherwise.
    static func check(_ request: ServiceRequest) throws(ServiceError) {
        guard Self.isToken(request.method) else { throw Self.invalid("the method is not a token") }
        guard Self.isTarget(request.url) else { throw Self.invalid("the URL is not a plain absolute http(s) URL") }
        guard request.timeout > .zero else { throw Self.invalid("the timeout is not positive") }
        guard request.responseSizeMax >= 0 else { throw Self.invalid("the response size limit is negative") }
        for (name, value) in request.headers {
            guard Self.isToken(name) else { throw Self.invalid("a field name is not a token") }
            guard !Self.reserved.contains(name.lowercased()) else {
                throw Self.invalid("the field \(name.lowercased()) is set by the client")
            }
            guard Self.isFieldValue(value) else {
                throw Self.invalid("the value of the field \(name.lowercased()) holds a control byte")
            }
        }
    }

    private static func invalid(_ message: String) -> ServiceError {
        ServiceError(code: .invalidRequest, message: message)
    }

    /// RFC 9110 §5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// An absolute URL of visible ASCII bytes, without fragment.
    static func isTarget(_ url: String) -> Bool {
        guard let rest = ["http://", "https://"].first(where: { url.hasPrefix($0) }).map({ url.dropFirst($0.count) }),
            let first = rest.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "?")
        else { return false }
        return rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") }
    }

    /// RFC 9110 §5.5: no control bytes but the tab; bytes above 0x7f pass.
    static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
    }

    /// The URL as far as its authority, without user info: what may be shown in a message.
    static func origin(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return String(url[..<scheme.upperBound] + host)
    }
}
