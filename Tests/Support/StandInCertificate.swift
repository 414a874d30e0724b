import Foundation
package import NIOSSL

/// A self-signed certificate for `localhost` and its key, made for stand-ins and trusted nowhere else.
package enum StandInCertificate {
    package static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIBpzCCAU2gAwIBAgIUYUSRZcxzVcCmNnyknVvBdbSmayEwCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPV29ua2V5IHN0YW5kLWluMCAXDTI2MTEyMTEwMTQzM1oYDzIx
        MjYxMDI4MTAxNDMzWjAaMRgwFgYDVQQDDA9Xb25rZXkgc3RhbmQtaW4wWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAATWt6mY1SURXgRvE8dc3EcgkjhtVbkMSRK6sxFS
        JmIAXoS3L7HM+iffw6kspj8tk0xshglnwQDIQBYXUNrZdHqzo28wbTAdBgNVHQ4E
        FgQUvW99aKbNI++DRAwokHLlRI6rfRkwHwYDVR0jBBgwFoAUvW99aKbNI++DRAwo
        kHLlRI6rfRkwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SH
        BH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAPb1hWX/vpzSkFglUn4qYfm3ytM2zoA8
        oCkyHpqqjD+sAiBPuCvjyTKGBvosinvaT/07llJE9yEtwCrl/A1bHrldyQ==
        -----END CERTIFICATE-----
        """

    private static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgA/vaQjLITxlkebus
        xH0qyZPG0clnfkwqWK3sG8FJ02+hRANCAATWt6mY1SURXgRvE8dc3EcgkjhtVbkM
        SRK6sxFSJmIAXoS3L7HM+iffw6kspj8tk0xshglnwQDIQBYXUNrZdHqz
        -----END PRIVATE KEY-----
        """

    /// A context for ``StandInServer/start(tls:reply:)``.
    package static func serverContext() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMBytes(Array(Self.pem.utf8)).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(Self.privateKey.utf8), format: .pem))
            )
        )
    }

    /// Writes ``pem`` into a folder, for programs that read their authorities from a file.
    package static func write(to directory: TemporaryDirectory) throws -> String {
        let path = directory.file("stand-in.pem")
        try Self.pem.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Writes its key into a folder, for servers that are programs of their own.
    package static func writeKey(to directory: TemporaryDirectory) throws -> String {
        let path = directory.file("stand-in.key")
        try Self.privateKey.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
