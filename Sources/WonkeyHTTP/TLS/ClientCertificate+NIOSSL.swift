internal import NIOSSL
internal import WonkeyCore

extension ClientCertificate {
    /// Reads what identifies a verified client.
    init(_ certificate: NIOSSLCertificate) {
        let names = certificate._subjectAlternativeNames().compactMap { name -> String? in
            let text = String(decoding: Array(name.contents), as: UTF8.self)
            switch name.nameType {
            case .dnsName: return "DNS:\(text)"
            case .uri: return "URI:\(text)"
            case .email: return "EMAIL:\(text)"
            case .ipAddress: return IPAddress(bytes: Array(name.contents)).map { "IP:\($0.description)" }
            default: return nil
            }
        }
        self.init(
            subject: Self.text(of: certificate.subjectName),
            names: names,
            fingerprint: (try? certificate.toDERBytes()).map { Self.fingerprint(of: $0) } ?? ""
        )
    }

    /// SHA-256 in hexadecimal digits.
    private static func fingerprint(of bytes: [UInt8]) -> String {
        KeyHash(of: bytes).bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// RFC 4514: the last part first, names abbreviated, special characters escaped.
    private static func text(of name: [SSLCertificateName]) -> String {
        name.reversed().map { part in
            let known: [SSLCertificateNameType: String] = [
                .commonName: "CN", .organization: "O", .organizationalUnit: "OU", .state: "ST", .country: "C",
                .city: "L", .emailAddress: "emailAddress", .userId: "UID",
            ]
            return "\(known[part.type] ?? "OTHER")=\(Self.escaped(part.value))"
        }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for (index, scalar) in value.unicodeScalars.enumerated() {
            let isAtEnd = index == 0 || index == value.unicodeScalars.count - 1
            if "\"+,;<>\\".unicodeScalars.contains(scalar) || isAtEnd && scalar == " " || index == 0 && scalar == "#" {
                text += "\\"
            }
            if scalar.value < 0x20 || scalar.value == 0x7F {
                text += "\\" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
