package import NIOCore

/// Cuts request heads out of a byte stream, strictly; see R1–R19 and B1–B6 of the checklist.
///
/// Pure: fed with the connection's unread bytes, it takes a head off them as soon as the head is complete (R16).
package struct RequestParser {
    package struct Fault: Error, Equatable {
        var status: Int
        var reason: MalformedRequest.Reason
    }

    package enum Outcome {
        case incomplete
        case head(RequestHead, byteCount: Int)
        case malformed(Fault)
    }

    /// Empty lines before a request-line that are overlooked (R4).
    private static let emptyLinesMax = 4
    private static let methodBytesMax = 32
    /// How every TLS handshake begins (RFC 8446 §5.1), and no request.
    private static let handshakeRecord: UInt8 = 22

    private let limits: ServerLimits
    private var scanner: HeadScanner
    private var emptyLines = 0

    package init(limits: ServerLimits) {
        self.limits = limits
        self.scanner = HeadScanner(
            firstLineMax: limits.requestLineBytesMax,
            sectionMax: limits.fieldSectionBytesMax
        )
    }

    /// Whether a part of a head has arrived.
    var hasBegun: Bool { self.scanner.hasBegun }

    /// Takes the next head off `input`.
    ///
    /// - Parameter input: All unread bytes of the connection.
    /// - Returns: The head, or what keeps it from being one.
    package mutating func parse(_ input: inout ByteBuffer) -> Outcome {
        if !self.scanner.hasBegun {
            // No line end may ever follow: what begins a TLS handshake is told at its first byte.
            if input.getInteger(at: input.readerIndex, as: UInt8.self) == RequestParser.handshakeRecord {
                return .malformed(Fault(status: 400, reason: .tls))
            }
            while let first = input.getInteger(at: input.readerIndex, as: UInt8.self), first == .carriageReturn {
                guard let second = input.getInteger(at: input.readerIndex + 1, as: UInt8.self) else {
                    return .incomplete
                }
                self.emptyLines += 1
                guard second == .lineFeed, self.emptyLines <= RequestParser.emptyLinesMax else {
                    return .malformed(Fault(status: 400, reason: .requestLine))
                }
                input.moveReaderIndex(forwardBy: 2)
            }
        }
        guard input.readableBytes > 0 else { return .incomplete }
        switch self.scanner.scan(input.readableBytesUInt8Span) {
        case .incomplete: return .incomplete
        case .bareLineFeed: return .malformed(Fault(status: 400, reason: .fieldLine))
        case .firstLineTooLong: return .malformed(Fault(status: 414, reason: .targetTooLong))
        case .sectionTooLong: return .malformed(Fault(status: 431, reason: .fieldsTooLarge))
        case .complete(let count, let firstLineCount):
            guard let bytes = input.readSlice(length: count) else { return .incomplete }
            self = Self(limits: self.limits)
            do throws(Fault) {
                return .head(try self.head(bytes, firstLineCount), byteCount: count)
            } catch {
                return .malformed(error)
            }
        }
    }

    private func head(_ bytes: ByteBuffer, _ firstLineCount: Int) throws(Fault) -> RequestHead {
        let line = try RequestLine(bytes.readableBytesUInt8Span, count: firstLineCount)
        let entries: [FieldSection.Entry]
        do throws(FieldLineParser.Fault) {
            entries = try FieldLineParser.parse(
                bytes.readableBytesUInt8Span,
                from: firstLineCount + 2,
                countMax: self.limits.fieldCountMax
            )
        } catch {
            switch error {
            case .malformed: throw Fault(status: 400, reason: .fieldLine)
            case .tooMany: throw Fault(status: 431, reason: .fieldsTooLarge)
            }
        }
        let fields = FieldSection(received: bytes, entries: entries)
        let facts = try FieldFacts(fields, version: line.version)
        let (target, authority) = try line.target(in: bytes)
        return RequestHead(
            method: line.method,
            target: target,
            version: line.version,
            host: authority ?? facts.host,
            fields: fields,
            framing: facts.framing,
            keepsAlive: facts.keepsAlive,
            expectsContinue: facts.expectsContinue,
            wantsTrailers: facts.wantsTrailers,
            routingPath: try self.routingPath(target)
        )
    }

    private func routingPath(_ target: RequestTarget) throws(Fault) -> String {
        // `OPTIONS *` is about the server as a whole, as far as it is routed to.
        let path = target.form == .asterisk ? "/" : target.path
        do throws(PathNormalizer.Suspicion) {
            return try PathNormalizer.normalize(path, policy: self.limits.suspiciousPaths)
        } catch {
            throw Fault(status: 400, reason: .suspiciousPath)
        }
    }

    /// Tells whether a method is longer than any the proxy supports (R7).
    static func isMethodTooLong(_ count: Int) -> Bool { count > RequestParser.methodBytesMax }
}
