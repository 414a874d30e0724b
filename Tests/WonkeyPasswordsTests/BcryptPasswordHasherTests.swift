import Testing
import WonkeyCore

@testable import WonkeyPasswords

@Suite("Passwords: bcrypt")
struct BcryptPasswordHasherTests {
    private let hasher = BcryptPasswordHasher(cost: 4)

    @Test(
        "a password is right against its own hash and wrong against another's, all of its characters counted",
        arguments: [
            ("correct horse", "correct horsf"),
            ("with\0nul inside", "with\0nul insidf"),
            (String(repeating: "a", count: 127) + "b", String(repeating: "a", count: 127) + "c"),
            (String(repeating: "\u{1F511}", count: 128), String(repeating: "\u{1F511}", count: 127) + "\u{1F510}"),
            ("  spaces count  ", "spaces count"),
            ("Case Counts", "case counts"),
        ]
    )
    func rightAndWrong(password: String, other: String) async throws {
        let hash = try await self.hasher.hash(try #require(Password(password)))
        #expect(hash.wholeMatch(of: /\$2b\$04\$[.\/A-Za-z0-9]{53}/) != nil)
        #expect(try await self.hasher.verify(Secret(password), against: hash) == .right)
        #expect(try await self.hasher.verify(Secret(other), against: hash) == .wrong)
    }

    @Test("the same letters are the same password however they are composed")
    func normalized() async throws {
        let hash = try await self.hasher.hash(try #require(Password("caf\u{E9} noir")))
        #expect(try await self.hasher.verify(Secret("cafe\u{301} noir"), against: hash) == .right)
    }

    @Test("two hashes of one password have two salts")
    func salted() async throws {
        let password = try #require(Password("correct horse"))
        let first = try await self.hasher.hash(password)
        let second = try await self.hasher.hash(password)
        #expect(first != second)
    }

    @Test("what bcrypt sees of a password has 44 bytes, no NUL, and nothing of the password in the clear")
    func phrase() {
        let phrase = BcryptPasswordHasher.phrase(of: Secret("correct\0horse"))
        #expect(phrase.utf8.count == 44)
        #expect(!phrase.utf8.contains(0))
        #expect(phrase != BcryptPasswordHasher.phrase(of: Secret("correct")))
    }

    @Test("no hash is always wrong, whatever the password", arguments: ["", "correct horse", "a\0b"])
    func unknownUser(password: String) async throws {
        #expect(try await self.hasher.verify(Secret(password), against: nil) == .wrong)
    }

    @Test("what stands in for the hash of an unknown user costs as much as a new hash")
    func dummyCost() {
        for cost in [4, 10, 12] {
            #expect(Bcrypt.cost(of: Bcrypt(cost: cost).dummySetting) == cost)
        }
    }

    @Test("a hash of a lower cost is right and to be renewed, one of a higher cost just right")
    func rehash() async throws {
        let password = try #require(Password("correct horse"))
        let hash = try await self.hasher.hash(password)
        let stronger = BcryptPasswordHasher(cost: 5)
        #expect(try await stronger.verify(password.secret, against: hash) == .rightButWeaklyHashed)
        let strong = try await stronger.hash(password)
        #expect(Bcrypt.cost(of: strong) == 5)
        #expect(try await self.hasher.verify(password.secret, against: strong) == .right)
    }

    @Test("a known answer of bcrypt comes out")
    func knownAnswer() throws {
        // Openwall crypt_blowfish, wrapper.c, first test vector, as $2b$.
        let hash = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        #expect(Bcrypt(cost: 5).matches("U*U", hash) == true)
        #expect(Bcrypt(cost: 5).matches("U*U*", hash) == false)
    }

    @Test(
        "what is no hash of bcrypt's is a failure, not a wrong password",
        arguments: ["", "*0", "plain", "$1$salt$abc", "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"]
    )
    func malformed(hash: String) async throws {
        let error = await #expect(throws: PasswordHasherError.self) {
            _ = try await self.hasher.verify(Secret("correct horse"), against: hash)
        }
        #expect(error?.code == .failed)
    }
}
