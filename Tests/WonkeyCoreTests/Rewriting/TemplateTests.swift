import Testing
import WonkeyCore

@Suite("Templates")
struct TemplateTests {
    @Test(
        "variables are filled in, doubled braces are braces",
        arguments: [
            ("", ""), ("plain", "plain"), ("{key.id}", "<key.id>"),
            ("a{key.id}b{request.id}", "a<key.id>b<request.id>"),
            ("{{key.id}}", "{key.id}"), ("{{{key.id}}}", "{<key.id>}"), ("}}{{", "}{"),
            ("é{route.name}", "é<route.name>"),
        ]
    )
    func filled(text: String, expected: String) throws {
        #expect(try Template(parsing: text).filled { "<\($0.rawValue)>" } == expected)
    }

    @Test("every variable is known by its name", arguments: Template.Variable.allCases)
    func known(variable: Template.Variable) throws {
        #expect(try Template(parsing: "{\(variable.rawValue)}").variables == [variable])
    }

    @Test(
        "what is no template is told apart",
        arguments: [
            ("{key.nmae}", Template.Fault.unknownVariable("key.nmae")), ("{}", .unknownVariable("")),
            ("{Key.Id}", .unknownVariable("Key.Id")), ("a{b", .loneBrace), ("a}b", .loneBrace), ("{{}", .loneBrace),
            ("{key.id", .loneBrace),
        ]
    )
    func faults(text: String, expected: Template.Fault) {
        #expect(throws: expected) { try Template(parsing: text) }
    }

    @Test("a missing value leaves the whole text out")
    func missing() throws {
        let template = try Template(parsing: "{key.id}/{identity.externalId}")
        #expect(template.filled { $0 == .keyID ? "k" : nil } == nil)
        #expect(template.filled { $0 == .keyID ? "k" : "" } == "k/")
    }
}

@Suite("Redirect targets")
struct RedirectTargetTests {
    private func location(_ text: String, _ target: String, rest: String = "") throws -> String {
        try RedirectTarget(parsing: text).location { variable in
            switch variable {
            case .requestTarget: target
            case .requestPath: target.split(separator: "?", omittingEmptySubsequences: false).first.map(String.init)
            case .requestQuery: target.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init)
            case .requestRest: rest
            case .keyID: "a/b c?"
            default: nil
            }
        }
    }

    @Test(
        "a redirect leads where the configuration says, with path and query as sent",
        arguments: [
            ("/new", "/x?y", "", "/new"),
            ("https://b.example{request.target}", "/x%20y?z=1", "", "https://b.example/x%20y?z=1"),
            ("https://b.example:8443/p{request.path}", "/x?y", "", "https://b.example:8443/p/x"),
            ("/new{request.rest}?{request.query}", "/old/a?b", "/a", "/new/a?b"),
            ("https://b.example{request.rest}", "/old", "", "https://b.example/"),
            ("https://b.example", "/old", "", "https://b.example/"), ("{request.path}", "/x?y", "", "/x"),
            ("/k/{key.id}", "/", "", "/k/a%2Fb%20c%3F"), ("/k/{identity.externalId}", "/", "", "/k/"),
            ("https://[2001:db8::1]:8{request.path}", "*", "", "https://[2001:db8::1]:8/*"),
        ]
    )
    func leads(text: String, target: String, rest: String, expected: String) throws {
        #expect(try self.location(text, target, rest: rest) == expected)
    }

    @Test(
        "no request chooses the host",
        arguments: [
            ("{request.path}", "//evil.example/x", "", "/evil.example/x"),
            ("{request.target}", "///evil.example", "", "/evil.example"),
            ("{request.rest}", "/r//evil.example", "//evil.example", "/evil.example"),
            ("/{request.path}", "//evil.example", "", "/evil.example"),
            ("{request.path}", "/\\evil.example", "", "/%5Cevil.example"),
            ("{request.path}", "/\t/evil.example", "", "/%09/evil.example"),
            ("https://b.example{request.rest}", "*", ".evil.example", "https://b.example/.evil.example"),
            ("https://b.example{request.path}", "@evil.example", "", "https://b.example/@evil.example"),
            ("{request.path}", "/a\r\nSet-Cookie: x", "", "/a%0D%0ASet-Cookie:%20x"),
        ]
    )
    func safe(text: String, target: String, rest: String, expected: String) throws {
        #expect(try self.location(text, target, rest: rest) == expected)
    }

    @Test(
        "a target whose host is not fixed text is refused",
        arguments: [
            ("", RedirectTarget.Fault.notFixed), ("new", .notFixed), ("//b.example", .notFixed),
            ("https://", .notFixed),
            ("ftp://b.example", .notFixed), ("javascript:alert(1)", .notFixed), ("{key.id}/x", .notFixed),
            ("{request.host}/x", .notFixed), ("https://{request.host}/", .notFixed),
            ("https://user@b.example/", .notFixed), ("https://b.example{key.id}", .variableBehindHost(.keyID)),
            ("https://b.example{request.query}", .variableBehindHost(.requestQuery)),
            ("/{nope}", .template(.unknownVariable("nope"))), ("/{", .template(.loneBrace)),
        ]
    )
    func faults(text: String, expected: RedirectTarget.Fault) {
        #expect(throws: expected) { try RedirectTarget(parsing: text) }
    }
}
