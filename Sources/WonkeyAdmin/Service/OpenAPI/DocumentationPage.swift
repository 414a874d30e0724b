import HTTPTypes

/// `/docs`: the API as a page for people, without scripts and without anything from elsewhere.
enum DocumentationPage {
    static let path = "/docs"

    /// The page, made once.
    static let reply = WireReply(
        status: 200,
        fields: [.contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"],
        mediaType: "text/html; charset=utf-8",
        body: Self.html(of: Endpoint.all)
    )

    static func html(of endpoints: [Endpoint]) -> String {
        let tags = Tag.allCases.filter { tag in endpoints.contains { $0.tag == tag } }
        let contents = tags.map { tag in
            let links = endpoints.filter { $0.tag == tag }.map { endpoint in
                "<li><a href=\"#\(endpoint.id)\"><b>\(endpoint.method.rawValue)</b> \(Self.escaped(endpoint.path))</a></li>"
            }
            return "<h3>\(Self.escaped(tag.rawValue))</h3><ul>\(links.joined())</ul>"
        }
        let sections = tags.map { tag in
            let articles = endpoints.filter { $0.tag == tag }.map(Self.article)
            return """
                <section><h2>\(Self.escaped(tag.rawValue))</h2><p>\(Self.prose(tag.description))</p>
                \(articles.joined(separator: "\n"))</section>
                """
        }
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1"><title>WonKey management API</title>
            <style>\(Self.style)</style></head><body><nav><h1>WonKey management API</h1>
            <p><a href="/openapi.json">OpenAPI 3.1 document</a></p>\(contents.joined())</nav>
            <main><p>\(Self.prose(OpenAPIDocument.description))</p>\(sections.joined(separator: "\n"))</main></body></html>
            """
    }

    private static func article(_ endpoint: Endpoint) -> String {
        var parts = ["<p>\(Self.prose(endpoint.description ?? ""))</p>"]
        if endpoint.access == .anyone { parts.append("<p class=\"note\">Needs no token.</p>") }
        var parameters = endpoint.parameters.map { parameter in
            Self.row(parameter.name, in: parameter.place.rawValue, parameter.isRequired, parameter.schema)
        }
        if endpoint.takesIdempotencyKey {
            parameters.append(Self.row("Idempotency-Key", in: "header", false, .string("Makes repeating it safe.")))
        }
        if endpoint.takesIfMatch {
            parameters.append(Self.row("If-Match", in: "header", false, .string("The `ETag` it must still have.")))
        }
        if !parameters.isEmpty {
            parts.append("<table><tr><th>parameter</th><th>in</th><th></th></tr>\(parameters.joined())</table>")
        }
        if let body = endpoint.body { parts.append(Self.body(body)) }
        for answer in endpoint.answers {
            parts.append("<h4>\(answer.status)</h4><p>\(Self.prose(answer.description))</p>")
            if let content = answer.content { parts.append(Self.example(content.example)) }
        }
        let problems = endpoint.problemStatuses.sorted().map { status in
            "<tr><td>\(status)</td><td>\(Self.prose(Problem.meaning(status)))</td></tr>"
        }
        parts.append("<details><summary>Problems</summary><table>\(problems.joined())</table></details>")
        return """
            <article id="\(endpoint.id)"><h3><b class="\(endpoint.method.rawValue)">\(endpoint.method.rawValue)</b>
            <code>\(Self.escaped(endpoint.path))</code></h3><p><strong>\(Self.escaped(endpoint.summary))</strong></p>
            \(parts.joined(separator: "\n"))</article>
            """
    }

    private static func body(_ body: Body) -> String {
        guard case .object(let properties) = body.schema.form else { return Self.example(body.example) }
        let rows = properties.map { Self.row($0.name, in: "body", $0.isRequired, $0.schema) }
        let title = body.isRequired ? "body" : "body (optional)"
        return "<table><tr><th>\(title)</th><th></th><th></th></tr>\(rows.joined())</table>"
            + Self.example(body.example)
    }

    private static func row(_ name: String, in place: String, _ isRequired: Bool, _ schema: Schema) -> String {
        let kind = isRequired ? "\(place), required" : place
        return """
            <tr><td><code>\(Self.escaped(name))</code></td><td>\(kind)</td><td>\(Self.prose(schema.description ?? ""))</td></tr>
            """
    }

    private static func example(_ value: JSONValue) -> String { "<pre>\(Self.escaped(value.indentedText))</pre>" }

    /// Escaped, with `…` as code.
    private static func prose(_ text: String) -> String {
        Self.escaped(text).split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            index % 2 == 1 ? "<code>\(part)</code>" : String(part)
        }.joined()
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }

    private static let style = """
        :root{color-scheme:light dark}body{margin:0;font:15px/1.5 system-ui,sans-serif;display:flex}
        nav{width:19rem;height:100vh;overflow:auto;position:sticky;top:0;padding:1rem;box-sizing:border-box;flex:none;
        border-right:1px solid #8884;font-size:13px}nav ul{list-style:none;padding:0}nav h1{font-size:1.1rem}
        main{padding:1rem 2rem;max-width:60rem;min-width:0}article{border-top:1px solid #8884;padding:.5rem 0 1.5rem}
        table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;
        border-bottom:1px solid #8882}pre{background:#8881;padding:.8rem;overflow:auto}a{color:inherit}
        .note{opacity:.75}b.GET{color:#0a7}b.POST{color:#07c}b.PUT,b.PATCH{color:#a60}b.DELETE{color:#c33}
        @media(max-width:50rem){body{display:block}nav{position:static;width:auto;height:auto}}
        """
}

extension JSONValue {
    /// The text over several lines, indented by two spaces, for people.
    var indentedText: String { self.indentedText("") }

    private func indentedText(_ indentation: String) -> String {
        let inner = indentation + "  "
        switch self {
        case .array(let values) where !values.isEmpty:
            return "[\n" + values.map { inner + $0.indentedText(inner) }.joined(separator: ",\n") + "\n\(indentation)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.map { inner + JSONValue.string($0.name).text + ": " + $0.value.indentedText(inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
        case .null, .bool, .integer, .number, .string, .array, .object: return self.text
        }
    }
}
