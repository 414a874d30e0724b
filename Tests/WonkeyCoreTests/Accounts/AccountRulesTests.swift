import Testing
import WonkeyCore

@Suite("Accounts: addresses, passwords, roles")
struct AccountRulesTests {
    @Test(
        "an ordinary address is taken as it is written, and is unique in lower case",
        arguments: [
            ("alice@example.com", "alice@example.com"),
            ("Alice.B+tag@Example.COM", "alice.b+tag@example.com"),
            ("a@b.co", "a@b.co"),
            ("o'neil_#1@sub.domain-x.example", "o'neil_#1@sub.domain-x.example"),
            ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
            (String(repeating: "a", count: 64) + "@b.co", String(repeating: "a", count: 64) + "@b.co"),
        ]
    )
    func address(text: String, folded: String) throws {
        let address = try #require(EmailAddress(text))
        #expect(address.text == text)
        #expect(address.folded == folded)
        #expect(address == EmailAddress(folded))
    }

    @Test(
        "what is no plain address is refused",
        arguments: [
            "", "alice", "alice@", "@example.com", "alice@example", "alice@@example.com", "a b@example.com",
            " alice@example.com", "alice@example.com ", "alice@example.com\n", ".alice@example.com",
            "alice.@example.com", "al..ice@example.com", "alice@-example.com", "alice@example-.com",
            "alice@.example.com", "alice@example.com.", "alice@exa_mple.com", "alice@192.0.2.1", "alice@[192.0.2.1]",
            "\"alice\"@example.com", "alice(c)@example.com", "Alice <alice@example.com>", "alice@exämple.com",
            "älice@example.com", "alice@example.com\0", String(repeating: "a", count: 65) + "@b.co",
            "a@" + String(repeating: "b", count: 64) + ".co", "a@" + String(repeating: "b.", count: 126) + "co",
        ]
    )
    func noAddress(text: String) {
        #expect(EmailAddress(text) == nil)
    }

    @Test(
        "a password has 8 to 128 characters of any kind",
        arguments: [
            ("1234567", false), ("12345678", true), (String(repeating: "x", count: 128), true),
            (String(repeating: "x", count: 129), false), ("", false), ("        ", true), ("\u{1F511}\u{1F511}", false),
            (String(repeating: "\u{1F511}", count: 128), true), ("\0\0\0\0\0\0\0\0", true),
        ]
    )
    func password(text: String, isOne: Bool) {
        #expect((Password(text) != nil) == isOne)
    }

    @Test("a password, a token and a signing key print without what they hide")
    func hidden() throws {
        var generator = SystemRandomNumberGenerator()
        let password = try #require(Password("correct horse"))
        let token = OpaqueToken(prefix: "wkr", using: &generator)
        let key = SigningKey(
            id: "sig_1",
            secret: Array("the very secret".utf8),
            createdAt: .init(millisecondsSinceEpoch: 1)
        )
        var text = "\(password) \(token) \(key)"
        dump(password, to: &text)
        dump(token, to: &text)
        dump(key, to: &text)
        #expect(!text.contains("horse"))
        #expect(!text.contains(token.reveal().dropFirst(4)))
        #expect(!text.contains("116, 104, 101"))
        #expect(token.reveal().wholeMatch(of: /wkr_[0-9A-Za-z_-]{43}/) != nil)
    }

    @Test(
        "each role may what is listed, and nothing else",
        arguments: [
            (Role.viewer, [Capability.read]),
            (.developer, [.read, .manageKeys]),
            (.admin, [.read, .manageKeys, .manageProjects, .manageMembers]),
            (.owner, Capability.allCases),
        ]
    )
    func capabilities(role: Role, capabilities: [Capability]) {
        #expect(Capability.allCases.filter(role.allows) == capabilities)
    }

    @Test(
        "admins administer everybody but owners, owners everybody, others nobody",
        arguments: [
            (Role.viewer, []), (.developer, []), (.admin, [Role.viewer, .developer, .admin]),
            (.owner, [.viewer, .developer, .admin, .owner]),
        ]
    )
    func administers(role: Role, others: [Role]) {
        #expect(Role.allCases.filter(role.administers) == others)
    }
}
