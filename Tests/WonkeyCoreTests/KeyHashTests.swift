import Testing
import WonkeyCore

@Suite("Key hash")
struct KeyHashTests {
    @Test("the hash is the SHA-256 of FIPS 180-4's example")
    func knownVector() {
        let hash = KeyHash(of: Array("abc".utf8))
        let hex = hash.bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        #expect(hex.joined() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(KeyHash(bytes: hash.bytes) == hash)
        #expect(KeyHash(bytes: hash.bytes.dropLast()) == nil)
    }
}
