package import NIOCore

/// Answers that are complete when they begin.
extension ServerExchange {
    /// Sends a complete answer in one write.
    package func respond(_ head: ResponseHead, bytes: ByteBuffer) {
        self.respond(head, body: .length(Int64(bytes.readableBytes)))
        self.write(bytes)
        self.end()
    }

    /// Sends a complete answer in one write.
    package func respond(_ head: ResponseHead, bytes: [UInt8]) {
        self.respond(head, bytes: ByteBuffer(bytes: bytes))
    }

    /// Sends a problem document with `Cache-Control: no-store`.
    ///
    /// - Parameters:
    ///   - problem: The document.
    ///   - addFields: Adds further fields, such as `Retry-After`.
    package func respond(problem: ProblemDocument, addFields: (inout FieldSection) -> Void = { _ in }) {
        var head = ResponseHead(status: problem.status)
        head.fields.append(.contentType, "application/problem+json")
        head.fields.append(.cacheControl, "no-store")
        addFields(&head.fields)
        self.respond(head, bytes: ByteBuffer(string: problem.text))
    }
}
