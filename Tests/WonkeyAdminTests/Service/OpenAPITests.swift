import Support
import Testing

@testable import WonkeyAdmin

@Suite("OpenAPI document")
struct OpenAPITests {
    private static let document = OpenAPIDocument.json(of: Endpoint.all)

    /// The members of an object, in order; nothing for anything else.
    private static func members(_ value: JSONValue?) -> [JSONValue.Member] {
        guard case .object(let members) = value else { return [] }
        return members
    }

    private static func elements(_ value: JSONValue?) -> [JSONValue] {
        guard case .array(let elements) = value else { return [] }
        return elements
    }

    @Test("every endpoint has its operation, and there is no other")
    func operations() {
        let documented = Self.members(Self.document["paths"]).flatMap { path in
            Self.members(path.value).map { "\($0.name.uppercased()) \(path.name)" }
        }
        #expect(documented.sorted() == Endpoint.all.map { "\($0.method.rawValue) \($0.path)" }.sorted())
        #expect(Set(Endpoint.all.map(\.id)).count == Endpoint.all.count)
        #expect(Set(documented).count == documented.count)
    }

    @Test("the parameters of a path are those in its braces", arguments: Endpoint.all.map(\.id))
    func pathParameters(id: String) throws {
        let endpoint = try #require(Endpoint.all.first { $0.id == id })
        let names = endpoint.path.matches(of: /\{([a-z_]+)\}/).map { String($0.output.1) }
        #expect(endpoint.parameters.filter { $0.place == .path }.map(\.name).sorted() == names.sorted())
        #expect(endpoint.path.wholeMatch(of: /(?:\/(?:[a-z0-9_.-]+|\{[a-z_]+\}))+/) != nil)
    }

    @Test(
        "every status has a description, X-Request-Id, and a schema with an example",
        arguments: Endpoint.all.map(\.id)
    )
    func responses(id: String) throws {
        let endpoint = try #require(Endpoint.all.first { $0.id == id })
        let operation = try #require(Self.document["paths"]?[endpoint.path]?[endpoint.method.rawValue.lowercased()])
        let responses = Self.members(operation["responses"])
        let expected = endpoint.answers.map(\.status) + endpoint.problemStatuses.sorted()
        #expect(responses.map(\.name) == expected.map(String.init))
        for response in responses {
            #expect(response.value["description"] != nil)
            #expect(response.value["headers"]?["X-Request-Id"] != nil)
            for media in Self.members(response.value["content"]) {
                #expect(media.value["schema"] != nil && media.value["example"] != nil)
            }
        }
        let isOpen = endpoint.access == .anyone
        #expect((operation["security"] == .array([])) == isOpen)
    }

    @Test("every example fits its schema", arguments: Endpoint.all.map(\.id))
    func examples(id: String) throws {
        let endpoint = try #require(Endpoint.all.first { $0.id == id })
        if let body = endpoint.body { #expect(body.schema.faults(in: body.example, at: "body") == []) }
        for answer in endpoint.answers {
            guard let content = answer.content else { continue }
            #expect(content.schema.faults(in: content.example, at: "\(answer.status)") == [])
        }
        for parameter in endpoint.parameters {
            guard let example = parameter.schema.example else { continue }
            #expect(parameter.schema.faults(in: example, at: parameter.name) == [])
        }
        for status in endpoint.problemStatuses {
            #expect(Problem.schema.faults(in: Problem.example(status).json(requestID: "r")) == [])
        }
    }

    @Test("every reference leads to a component, and every component is referred to")
    func references() {
        var references: Set<String> = []
        func collect(_ value: JSONValue) {
            switch value {
            case .object(let members):
                for member in members {
                    if member.name == "$ref", case .string(let text) = member.value { references.insert(text) }
                    collect(member.value)
                }
            case .array(let elements): elements.forEach(collect)
            case .null, .bool, .integer, .number, .string: break
            }
        }
        collect(Self.document)
        let components = Self.members(Self.document["components"]?["schemas"])
        #expect(references == Set(components.map { "#/components/schemas/\($0.name)" }))
        #expect(!components.map(\.value).contains(.null))
    }

    @Test("a name stands for one schema")
    func names() {
        var schemas: [String: Schema] = [:]
        func collect(_ schema: Schema) {
            if let name = schema.name {
                var plain = schema
                plain.isNullable = false
                if let other = schemas.updateValue(plain, forKey: name) { #expect(other == plain, "\(name)") }
            }
            switch schema.form {
            case .array(let element, _): collect(element)
            case .map(let value): collect(value)
            case .object(let properties): properties.forEach { collect($0.schema) }
            case .string, .integer, .number, .boolean, .any: break
            }
        }
        for endpoint in Endpoint.all {
            if let body = endpoint.body { collect(body.schema) }
            endpoint.answers.compactMap(\.content).forEach { collect($0.schema) }
            endpoint.parameters.forEach { collect($0.schema) }
        }
    }

    @Test("every pattern compiles, and every body is an object that refuses unknown members")
    func forms() throws {
        func check(_ schema: Schema) throws {
            switch schema.form {
            case .string(let rule): if let pattern = rule.pattern { _ = try Regex(pattern) }
            case .array(let element, _): try check(element)
            case .map(let value): try check(value)
            case .object(let properties): for property in properties { try check(property.schema) }
            case .integer, .number, .boolean, .any: break
            }
        }
        for endpoint in Endpoint.all {
            for parameter in endpoint.parameters { try check(parameter.schema) }
            for content in endpoint.answers.compactMap(\.content) { try check(content.schema) }
            guard let body = endpoint.body else { continue }
            try check(body.schema)
            guard case .object = body.schema.form else {
                Issue.record("\(endpoint.id): the body is no object")
                continue
            }
        }
    }

    @Test("the frame of the document is as OpenAPI 3.1 wants it")
    func frame() {
        #expect(Self.document["openapi"] == "3.1.0")
        #expect(Self.document["info"]?["title"] != nil && Self.document["info"]?["version"] != nil)
        let tags = Self.elements(Self.document["tags"]).compactMap { $0["name"] }
        for path in Self.members(Self.document["paths"]) {
            for operation in Self.members(path.value) {
                #expect(Self.elements(operation.value["tags"]).filter { !tags.contains($0) } == [])
            }
        }
        #expect(Self.document["components"]?["securitySchemes"]?["bearer"]?["scheme"] == "bearer")
    }

    @Test("the document and the page are served, and the page asks nothing of others")
    func served() async throws {
        let bench = ServiceBench()
        let document = try await bench.answer(Endpoint.all, "GET", "/openapi.json")
        #expect(document.status == 200)
        #expect(try document.json == Self.document)
        let page = try await bench.answer(Endpoint.all, "GET", "/docs")
        #expect(page.status == 200)
        #expect(page.header("Content-Type") == "text/html; charset=utf-8")
        for endpoint in Endpoint.all { #expect(page.text.contains("id=\"\(endpoint.id)\"")) }
        for outside in ["http://", "https://", "<script", "@import", "src="] { #expect(!page.text.contains(outside)) }
    }

    @Test("what stands in the page is escaped")
    func escaping() {
        var endpoint = Endpoint(id: "x", .get, "/x", tag: .service, summary: "<b>&\"'", answers: [Answer(204, "`<i>`")])
        { _ in
            .noContent
        }
        endpoint.description = "<script>"
        let html = DocumentationPage.html(of: [endpoint])
        #expect(html.contains("&lt;b&gt;&amp;&quot;&#39;") && html.contains("<code>&lt;i&gt;</code>"))
        #expect(html.contains("&lt;script&gt;") && !html.contains("<script>"))
    }
}
