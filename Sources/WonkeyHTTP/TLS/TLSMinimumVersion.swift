internal import NIOSSL

/// The oldest version of TLS that is spoken; nothing below 1.2 can be asked for (RFC 8996).
package enum TLSMinimumVersion: Hashable, Sendable {
    case tls12
    case tls13

    var version: TLSVersion {
        switch self {
        case .tls12: .tlsv12
        case .tls13: .tlsv13
        }
    }
}
