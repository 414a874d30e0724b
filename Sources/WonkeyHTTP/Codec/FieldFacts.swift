/// What the proxy must know from a request's fields before anybody acts on them.
struct FieldFacts {
    var host = ""
    var framing = BodyFraming.none
    var keepsAlive: Bool
    var expectsContinue = false
    var wantsTrailers = false

    /// Reads and checks `Host`, the framing fields, `Connection`, `Expect` and `TE`.
    init(_ fields: FieldSection, version: HTTPVersion) throws(RequestParser.Fault) {
        self.keepsAlive = version != .http10
        self.framing = try FieldFacts.framing(fields, version)
        var hostCount = 0
        var (says, saysOtherExpectation) = (ConnectionOptions(), false)
        for entry in fields.entries {
            switch entry.known {
            case KnownField.host.rawValue:
                hostCount += 1
                guard let host = fields.withBytes(of: entry, Authority.parse), hostCount == 1 else {
                    throw RequestParser.Fault(status: 400, reason: .host)
                }
                self.host = host
            case KnownField.connection.rawValue:
                fields.withBytes(of: entry) { says.read($0) }
            case KnownField.expect.rawValue:
                let isContinue = fields.withBytes(of: entry) { $0.isWord(Words.continueExpectation) }
                if isContinue { self.expectsContinue = true } else { saysOtherExpectation = true }
            case KnownField.te.rawValue:
                fields.withBytes(of: entry) { value in
                    value.forEachListElement { if $0.isWord(Words.trailers) { self.wantsTrailers = true } }
                }
            default: break
            }
        }
        guard hostCount == 1 || version == .http10 else { throw RequestParser.Fault(status: 400, reason: .host) }
        self.expectsContinue = self.expectsContinue && version == .http11 && self.framing != .none
        if saysOtherExpectation, version == .http11 { throw RequestParser.Fault(status: 417, reason: .expectation) }
        self.keepsAlive = says.keepsAlive(version)
    }

    private static func framing(
        _ fields: FieldSection,
        _ version: HTTPVersion
    ) throws(RequestParser.Fault) -> BodyFraming {
        do throws(MessageFraming.Fault) {
            switch try MessageFraming.declared(fields, version: version) {
            case .nothing, .length(0): return .none
            case .length(let length): return .length(length)
            case .chunked: return .chunked
            }
        } catch {
            switch error {
            case .malformed: throw RequestParser.Fault(status: 400, reason: .framing)
            case .unknownCoding: throw RequestParser.Fault(status: 501, reason: .transferCoding)
            }
        }
    }
}

/// The options of `Connection` that concern the connection itself (RFC 9112 §9.3).
struct ConnectionOptions {
    private var saysClose = false
    private var saysKeepAlive = false

    mutating func read(_ value: Span<UInt8>) {
        var (close, keepAlive) = (self.saysClose, self.saysKeepAlive)
        value.forEachListElement { option in
            if option.isWord(Words.close) { close = true }
            if option.isWord(Words.keepAlive) { keepAlive = true }
        }
        (self.saysClose, self.saysKeepAlive) = (close, keepAlive)
    }

    /// Whether the connection stays open after the message.
    func keepsAlive(_ version: HTTPVersion) -> Bool {
        switch version {
        case .http10: self.saysKeepAlive && !self.saysClose
        case .http11, .http2: !self.saysClose
        }
    }
}
