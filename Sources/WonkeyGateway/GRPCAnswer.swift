import WonkeyHTTP

/// How gRPC clients are told of what goes wrong here: with a status of theirs in place of a problem document.
///
/// - SeeAlso: gRPC over HTTP/2, "Responses": an answer of trailers only.
enum GRPCAnswer {
    static let status = FieldName("grpc-status")
    static let message = FieldName("grpc-message")
    /// gRPC's UNAVAILABLE: the caller may try again.
    static let unavailable = 14

    /// Whether a request is a gRPC call.
    static func isCall(_ head: RequestHead) -> Bool {
        head.fields.withBytes(of: .contentType) { value in
            let type = "application/grpc".utf8
            guard value.count >= type.count else { return false }
            for (index, byte) in type.enumerated() where value[index] | 0x20 != byte | 0x20 { return false }
            return true
        } ?? false
    }

    /// The gRPC status that says the same as an HTTP status of ours.
    static func code(of status: Int) -> Int {
        switch status {
        case 400, 417: 3  // INVALID_ARGUMENT
        case 401: 16  // UNAUTHENTICATED
        case 403: 7  // PERMISSION_DENIED
        case 404, 405, 501: 12  // UNIMPLEMENTED
        case 408, 504: 4  // DEADLINE_EXCEEDED
        case 409: 10  // ABORTED
        case 413, 429, 431: 8  // RESOURCE_EXHAUSTED
        case 499: 1  // CANCELLED
        case 502, 503: Self.unavailable
        case 500, 508: 13  // INTERNAL
        default: 2  // UNKNOWN
        }
    }

    /// The answer that stands for a problem document.
    ///
    /// - Parameters:
    ///   - problem: What would have been said.
    ///   - request: The call.
    /// - Returns: A head without a body.
    static func head(_ problem: ProblemDocument, to request: RequestHead) -> ResponseHead {
        var head = ResponseHead(status: 200)
        head.fields.append(.contentType, request.fields.first(.contentType) ?? "application/grpc")
        head.fields.append(Self.status, "\(Self.code(of: problem.status))")
        head.fields.append(Self.message, Self.percentEncoded(problem.detail ?? problem.title))
        return head
    }

    /// The trailers of an answer that breaks off.
    static func trailers(_ problem: ProblemDocument) -> FieldSection {
        var trailers = FieldSection()
        trailers.append(Self.status, "\(Self.code(of: problem.status))")
        trailers.append(Self.message, Self.percentEncoded(problem.detail ?? problem.title))
        return trailers
    }

    /// Everything but printable ASCII, and the percent sign, as `%XX`.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte >= 0x20, byte < 0x7F, byte != 0x25 {
                bytes.append(byte)
            } else {
                bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
