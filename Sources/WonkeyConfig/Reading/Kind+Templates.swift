internal import WonkeyCore

/// Which messages a setting changes fields of.
enum FieldSide {
    case request, response, fixedResponse

    /// Fields the proxy makes itself: messages would fall apart otherwise, or say of it what is not so.
    fileprivate var reserved: Set<String> {
        let framing: Set = [
            "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
            "upgrade", "x-request-id",
        ]
        return switch self {
        case .request:
            framing.union([
                "expect", "forwarded", "host", "max-forwards", "traceparent", "tracestate", "via", "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-proto", "x-wonkey-key-id", "x-wonkey-project-id",
            ])
        case .response: framing
        case .fixedResponse: framing.union(["content-type"])
        }
    }

    private static let form = Pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$", "a field name, as X-Customer")

    /// Completes a message about a name; `nil` for a good one.
    fileprivate func fault(_ name: String, in reading: Reading) -> String? {
        guard FieldSide.form.matches(name, in: reading) else { return "must be \(FieldSide.form.meaning)" }
        return self.reserved.contains(name.lowercased()) ? "cannot be changed: the proxy makes it itself" : nil
    }

    fileprivate static var schema: JSON {
        .object([("type", "string"), ("pattern", .string(FieldSide.form.source))])
    }
}

extension Kind where Value == String {
    /// The name of a field that may be changed.
    static func fieldName(_ side: FieldSide) -> Kind {
        .scalar(
            schema: FieldSide.schema.orSubstitution,
            placeholder: "",
            json: { .string($0) },
            parse: { (scalar, reading) throws(Invalid) in
                if let fault = side.fault(scalar.text, in: reading) {
                    throw Invalid(hidden: "\(quotedKey(scalar.text)) \(fault)")
                }
                return scalar.text
            }
        )
    }
}

extension Kind where Value == [Configuration.Route.Field] {
    /// A mapping of field names to templates.
    static func fields(_ side: FieldSide) -> Kind {
        .pairs(names: FieldSide.schema, of: Kind<Template>.template) { name, reading in
            side.fault(name, in: reading).map { "the field \(quotedKey(name)) \($0)" }
        } _: {
            .init(name: $0, value: $1)
        }
    }
}

extension Kind where Value == Template {
    /// A field's value with variables in it; not shown in messages, as it may hold a credential.
    fileprivate static var template: Kind {
        .scalar(
            schema: .object([("type", "string"), ("minLength", 1)]),
            placeholder: Template([]),
            isSecret: true,
            json: { _ in nil },
            parse: { (scalar, _) throws(Invalid) in
                let text = scalar.text
                let isClean = text.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
                guard isClean, !text.isEmpty, text.first != " ", text.last != " ", text.first != "\t", text.last != "\t"
                else {
                    throw Invalid(
                        hidden: "must not be empty, hold no control characters, and begin and end with no space"
                    )
                }
                do throws(Template.Fault) { return try Template(parsing: text) } catch { throw error.invalid }
            }
        )
    }
}

extension Kind where Value == RedirectTarget {
    /// Where a redirect leads.
    static var redirectTarget: Kind {
        let form = Pattern("^[!-~]{1,2048}$", "a path or a URL without spaces")
        return .text(
            form,
            placeholder: .root,
            parse: { (text) throws(Invalid) in
                do throws(RedirectTarget.Fault) { return try RedirectTarget(parsing: text) } catch {
                    switch error {
                    case .template(let fault): throw fault.invalid
                    case .notFixed:
                        throw Invalid(
                            "must begin with '/', {request.path}, {request.target}, {request.rest}, or http(s):// and a host",
                            advice: "no request may choose the host"
                        )
                    case .variableBehindHost(let variable):
                        throw Invalid("must have a '/' between the host and {\(variable.rawValue)}")
                    }
                }
            }
        )
    }
}

extension RedirectTarget {
    /// Stands in for a faulty one.
    fileprivate static var root: RedirectTarget {
        guard let root = try? RedirectTarget(parsing: "/") else { preconditionFailure("'/' is a target") }
        return root
    }
}

extension Template.Fault {
    fileprivate var invalid: Invalid {
        switch self {
        case .loneBrace:
            return Invalid(hidden: "has a lone '{' or '}'; write '{{' or '}}' for the character itself")
        case .unknownVariable(let name):
            // Anything else may be a part of a secret.
            let isName = (1...40).contains(name.utf8.count) && name.allSatisfy { $0.isLetter || $0 == "." || $0 == "_" }
            let names = Template.Variable.allCases.map(\.rawValue)
            let nearest = isName ? Suggestion.nearest(to: name, among: names) : nil
            let advice = nearest.map { "did you mean '{\($0)}'?" } ?? "known: \(names.joined(separator: ", "))"
            return Invalid(hidden: "unknown variable \(isName ? "'{\(name)}'" : "in braces"); \(advice)")
        }
    }
}
