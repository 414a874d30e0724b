package import WonkeyCore

/// Tells an upstream of the client's certificate, as Envoy's `X-Forwarded-Client-Cert` does.
package enum ClientCertificateField {
    /// The value: `Hash=…;Subject="…";URI=…;DNS=…`.
    package static func value(of certificate: ClientCertificate) -> String {
        var parts = ["Hash=\(certificate.fingerprint)", "Subject=\(Self.quoted(certificate.subject))"]
        for name in certificate.names {
            let pieces = name.split(separator: ":", maxSplits: 1).map(String.init)
            guard pieces.count == 2 else { continue }
            switch pieces[0] {
            case "URI", "DNS": parts.append("\(pieces[0])=\(Self.element(pieces[1]))")
            case "EMAIL": parts.append("Email=\(Self.element(pieces[1]))")
            case "IP": parts.append("IP=\(Self.element(pieces[1]))")
            default: break
            }
        }
        return parts.joined(separator: ";")
    }

    private static func element(_ text: String) -> String {
        text.contains { ",;=\"\\ ".contains($0) } ? Self.quoted(text) : text
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
