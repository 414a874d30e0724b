import Testing

@testable import WonkeyCore

@Suite("What is not to be logged")
struct RedactionTests {
    @Test(
        "values of credentials in a query are replaced, names and the rest kept",
        arguments: [
            ("a=1&b=2", "a=1&b=2"), ("", ""), ("a", "a"), ("a=", "a="), ("&&", "&&"), ("a=b=c", "a=b=c"),
            ("token=x&a=1", "token=REDACTED&a=1"), ("Access_Token=x", "Access_Token=REDACTED"), ("key=", "key="),
            ("api-key=x&API_KEY=y", "api-key=REDACTED&API_KEY=REDACTED"),
            ("X-Amz-Signature=ab", "X-Amz-Signature=REDACTED"),
            ("%74oken=x", "%74oken=REDACTED"), ("filter[password]=x", "filter[password]=REDACTED"),
            ("monkey=1&tokens=2", "monkey=1&tokens=2"), ("q=nb_live_0123456789abcdef", "q=REDACTED"),
            ("nb_test_0123456789abcdef", "REDACTED"), ("nb_live_x=1", "REDACTED=REDACTED"),
            ("q=nb%5flive%5f0123456789abcdef", "q=REDACTED"), ("q=%zz&%", "q=%zz&%"),
        ]
    )
    func query(_ query: String, shown: String) {
        #expect(RedactedQuery.text(query, keys: .standard) == shown)
    }

    @Test("a long query is cut between its parts")
    func longQuery() {
        let part = "a=" + String(repeating: "x", count: 1_000)
        #expect(RedactedQuery.text("\(part)&\(part)&\(part)", keys: .standard) == "\(part)&\(part)&…")
    }

    @Test(
        "a referer keeps neither user nor fragment nor credentials",
        arguments: [
            ("https://a.example/b?token=x#frag", "https://a.example/b?token=REDACTED"),
            ("https://me:pw@a.example/b", "https://REDACTED@a.example/b"),
            ("https://a.example/@me", "https://a.example/@me"), ("nonsense", "nonsense"), ("", ""),
            ("https://a@b@c/", "https://REDACTED@c/"), ("/p?", "/p?"),
        ]
    )
    func referer(_ url: String, shown: String) {
        #expect(RedactedURL.text(url, keys: .standard) == shown)
    }
}
