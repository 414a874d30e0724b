/// Tells the upstream about the client: `Forwarded` and its older twins, which never disagree (X1–X4).
enum ForwardedFields {
    static func write(
        _ head: RequestHead,
        _ style: ForwardingRules.ForwardedStyle,
        _ context: ForwardingContext,
        to bytes: inout HeadBytes
    ) {
        let peer = context.peer.ip == "unix" ? "unknown" : context.peer.ip
        let scheme = context.client.scheme ?? context.scheme
        let host = context.client.host ?? head.host
        switch style {
        case .none: break
        case .xForwarded: ForwardedFields.writeOlder(context.client.chain, peer, scheme, host, to: &bytes)
        case .forwarded: ForwardedFields.writeForwarded(context.client.chain, peer, scheme, host, to: &bytes)
        case .both:
            ForwardedFields.writeOlder(context.client.chain, peer, scheme, host, to: &bytes)
            ForwardedFields.writeForwarded(context.client.chain, peer, scheme, host, to: &bytes)
        }
    }

    private static func writeOlder(
        _ chain: [String],
        _ peer: String,
        _ scheme: String,
        _ host: String,
        to bytes: inout HeadBytes
    ) {
        bytes.append("X-Forwarded-For: ")
        for node in chain {
            bytes.append(fieldValue: node)
            bytes.append(", ")
        }
        bytes.append(fieldValue: peer)
        bytes.append("\r\n")
        bytes.appendLine("X-Forwarded-Proto", scheme)
        if !host.isEmpty { bytes.appendLine("X-Forwarded-Host", host) }
    }

    /// The first element carries what the client said, the others only who passed it on.
    private static func writeForwarded(
        _ chain: [String],
        _ peer: String,
        _ scheme: String,
        _ host: String,
        to bytes: inout HeadBytes
    ) {
        bytes.append("Forwarded: for=")
        ForwardedFields.writeNode(chain.first ?? peer, to: &bytes)
        if !host.isEmpty {
            let isQuoted = host.hasColon
            bytes.append(isQuoted ? ";host=\"" : ";host=")
            bytes.append(fieldValue: host)
            if isQuoted { bytes.append("\"") }
        }
        bytes.append(";proto=")
        bytes.append(fieldValue: scheme)
        for node in chain.dropFirst() { ForwardedFields.writeElement(node, to: &bytes) }
        if !chain.isEmpty { ForwardedFields.writeElement(peer, to: &bytes) }
        bytes.append("\r\n")
    }

    private static func writeElement(_ node: String, to bytes: inout HeadBytes) {
        bytes.append(", for=")
        ForwardedFields.writeNode(node, to: &bytes)
    }

    /// IPv6 is bracketed and quoted (X2).
    private static func writeNode(_ node: String, to bytes: inout HeadBytes) {
        let isQuoted = node.hasColon
        if isQuoted { bytes.append("\"[") }
        bytes.append(fieldValue: node)
        if isQuoted { bytes.append("]\"") }
    }
}

extension String {
    fileprivate var hasColon: Bool {
        let bytes = self.utf8Span.span
        for index in bytes.indices where bytes[index] == .colon { return true }
        return false
    }
}
