import Foundation
import NIOSSL
import Support
import Testing

@testable import WonkeyHTTP

/// Decisions and files, without a connection.
@Suite struct TLSPartsTests {
    @Test(
        "a name the client asks for gets the certificate that has it, then one whose wildcard covers it, then the first",
        arguments: [
            (nil, 0), ("a.example", 0), ("b.example", 1), ("B.Example", 1), ("b.example.", 1), ("x.b.example", 2),
            ("y.x.b.example", 0), (".b.example", 0), ("special.b.example", 3), ("c.example", 0), ("example", 0),
            ("", 0),
            ("*.b.example", 2), ("127.0.0.1", 0),
        ] as [(String?, Int)]
    )
    func serverNames(name: String?, index: Int) {
        let names = ServerNames([
            ["a.example"], ["b.example", "a.example"], ["*.b.example"], ["special.b.example", "*.b.example"],
        ])
        #expect(names.index(for: name) == index)
        #expect(index == 0 || name.map(names.cover) == true)
        #expect(names.cover("A.example.") && !names.cover("x.a.example") && !names.cover("example"))
    }

    @Test("files are read again once they have changed and then stayed the same, and not while they still change")
    func fileWatch() {
        let (old, middle, new) = (FileStamp(seconds: 1), FileStamp(seconds: 2), FileStamp(seconds: 3))
        var watch = FileWatch([old, old])
        #expect(watch.looked([old, old]) == .none)
        #expect(watch.looked([new, old]) == .none)
        #expect(watch.looked([new, middle]) == .none)
        #expect(watch.looked([new, new]) == .none)
        #expect(watch.looked([new, new]) == .load)
        #expect(watch.looked([new, new]) == .none)
        #expect(watch.looked([new, nil]) == .none)
        #expect(watch.looked([new, new]) == .none)
        #expect(watch.looked([old, nil]) == .none)
        #expect(watch.looked([old, nil]) == .load)
        #expect(watch.looked([middle, nil]) == .none)
        watch.readAgain([middle, nil])
        #expect(watch.looked([middle, nil]) == .none)
    }

    @Test("what is wrong with a certificate or its key is told with the file's name", .temporaryDirectory)
    func fileFaults() throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let good = try authority.issue(["a.example"]).files(in: directory, "good")
        let other = try authority.issue(["a.example"]).files(in: directory, "other")
        let (empty, absent) = (directory.file("empty"), directory.file("absent"))
        try Data().write(to: URL(filePath: empty))
        let encrypted = directory.file("encrypted")
        let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
        try text.write(toFile: encrypted, atomically: true, encoding: .utf8)
        let broken = directory.file("broken")
        let halves = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        try halves.write(toFile: broken, atomically: true, encoding: .utf8)
        let rows: [(String, String, TLSFileFault?)] = [
            (good.certificate, good.privateKey, nil),
            (absent, good.privateKey, TLSFileFault(absent, "cannot be read: no such file")),
            (good.certificate, absent, TLSFileFault(absent, "cannot be read: no such file")),
            (directory.path, good.privateKey, TLSFileFault(directory.path, "cannot be read: it is a directory")),
            (empty, good.privateKey, TLSFileFault(empty, "holds no certificate in PEM, or a broken one")),
            (
                good.privateKey, good.privateKey,
                TLSFileFault(good.privateKey, "holds no certificate in PEM, or a broken one")
            ),
            (good.certificate, empty, TLSFileFault(empty, "holds no private key in PEM")),
            (good.certificate, good.certificate, TLSFileFault(good.certificate, "holds no private key in PEM")),
            (
                good.certificate, encrypted,
                TLSFileFault(
                    encrypted,
                    "holds an encrypted private key; decrypt it, as nobody is asked for its password"
                )
            ),
            (good.certificate, broken, TLSFileFault(broken, "holds a broken private key")),
            (
                good.certificate, other.privateKey,
                TLSFileFault(other.privateKey, "is not the private key of the certificate in \(good.certificate)")
            ),
        ]
        for (certificate, privateKey, fault) in rows {
            #expect(TLSIdentity.fault(of: TLSKeyFiles(certificate: certificate, privateKey: privateKey)) == fault)
        }
        #expect(TLSIdentity.fault(ofAuthorities: try authority.write(to: directory)) == nil)
        #expect(TLSIdentity.fault(ofAuthorities: empty)?.path == empty)
    }

    @Test("RSA and EC certificates are loaded, with their names and their end", .temporaryDirectory)
    func identities() throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        for kind in [CertificateAuthority.KeyKind.p256, .rsa] {
            let leaf = try authority.issue(["A.example", "*.b.example", "127.0.0.1"], kind: kind)
            let identity = try TLSIdentity(leaf.files(in: directory, "\(kind)"))
            #expect(identity.names == ["a.example", "*.b.example"])
            #expect(abs(Double(identity.notAfter) - Date().timeIntervalSince1970 - 10 * 365 * 86_400) < 3_600)
        }
        let nameless = try authority.issue([], commonName: "Only.example")
        #expect(try TLSIdentity(nameless.files(in: directory, "nameless")).names == ["only.example"])
    }

    @Test(
        "a certificate is replaced when its files have changed, and a broken pair changes nothing",
        .temporaryDirectory
    )
    func reloading() throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        let files = try authority.issue(["a.example"]).files(in: directory, "server")
        let tls = try ServerTLS(ServerTLSSettings(certificates: [files]))
        let first = tls.certificates
        #expect(tls.poll() == .unchanged)
        let second = try authority.issue(["a.example"], expired: true)
        try second.certificate.write(toFile: files.certificate, atomically: true, encoding: .utf8)
        #expect(tls.poll() == .unchanged)
        let mismatch = TLSFileFault(
            files.privateKey,
            "is not the private key of the certificate in \(files.certificate)"
        )
        #expect(tls.poll() == .failed(mismatch))
        #expect(tls.poll() == .unchanged)
        #expect(tls.certificates == first)
        try second.privateKey.write(toFile: files.privateKey, atomically: true, encoding: .utf8)
        #expect(tls.poll() == .unchanged)
        #expect(tls.poll() == .reloaded)
        #expect(tls.certificates.count == 1 && tls.certificates != first)
        try FileManager.default.removeItem(atPath: files.privateKey)
        #expect(tls.reload() == .failed(TLSFileFault(files.privateKey, "cannot be read: no such file")))
        #expect(tls.poll() == .unchanged)
    }
}
