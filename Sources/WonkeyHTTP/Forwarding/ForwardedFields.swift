internal import NIOCore

/// Tells the upstream about the client: `Forwarded` and its older twins, which never disagree (X1–X4).
enum ForwardedFields {
    static func write(
        _ head: RequestHead,
        _ style: ForwardingRules.ForwardedStyle,
        _ context: ForwardingContext,
        to bytes: inout ByteBuffer
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
        to bytes: inout ByteBuffer
    ) {
        bytes.writeStaticString("X-Forwarded-For: ")
        for node in chain {
            bytes.writeFieldValue(node)
            bytes.writeStaticString(", ")
        }
        bytes.writeFieldValue(peer)
        bytes.writeStaticString("\r\n")
        bytes.writeLine("X-Forwarded-Proto", scheme)
        if !host.isEmpty { bytes.writeLine("X-Forwarded-Host", host) }
    }

    /// The first element carries what the client said, the others only who passed it on.
    private static func writeForwarded(
        _ chain: [String],
        _ peer: String,
        _ scheme: String,
        _ host: String,
        to bytes: inout ByteBuffer
    ) {
        bytes.writeStaticString("Forwarded: for=")
        ForwardedFields.writeNode(chain.first ?? peer, to: &bytes)
        if !host.isEmpty {
            bytes.writeStaticString(host.utf8.contains(.colon) ? ";host=\"" : ";host=")
            bytes.writeFieldValue(host)
            if host.utf8.contains(.colon) { bytes.writeStaticString("\"") }
        }
        bytes.writeStaticString(";proto=")
        bytes.writeFieldValue(scheme)
        for node in chain.dropFirst() + (chain.isEmpty ? [] : [peer]) {
            bytes.writeStaticString(", for=")
            ForwardedFields.writeNode(node, to: &bytes)
        }
        bytes.writeStaticString("\r\n")
    }

    /// IPv6 is bracketed and quoted (X2).
    private static func writeNode(_ node: String, to bytes: inout ByteBuffer) {
        let isQuoted = node.utf8.contains(.colon)
        if isQuoted { bytes.writeStaticString("\"[") }
        bytes.writeFieldValue(node)
        if isQuoted { bytes.writeStaticString("]\"") }
    }
}
