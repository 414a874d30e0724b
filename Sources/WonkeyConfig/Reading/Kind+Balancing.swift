internal import WonkeyCore

extension Kind where Value == Int {
    /// A share, as `50%`.
    static func percent(_ range: ClosedRange<Int>) -> Kind {
        .text(
            Pattern("^(100|[1-9]?[0-9])%$", "a share such as 20%"),
            placeholder: range.lowerBound,
            json: { .string("\($0)%") },
            parse: { (text) throws(Invalid) in
                guard let number = Int(text.dropLast()), range.contains(number) else {
                    throw Invalid("must be \(range.lowerBound)% to \(range.upperBound)%")
                }
                return number
            }
        )
    }
}

extension Kind where Value == ClosedRange<Int> {
    /// Statuses, as `200` or `200-399`.
    static var statusRange: Kind {
        let form = Pattern("^[1-5][0-9]{2}(-[1-5][0-9]{2})?$", "a status such as 200, or a range such as 200-399")
        let number = JSON.object([("type", "integer"), ("minimum", 100), ("maximum", 599)])
        let text = JSON.object([("type", "string"), ("pattern", .string(form.source))])
        return .scalar(
            schema: JSON.object([("anyOf", .array([number, text]))]).orSubstitution,
            placeholder: 200...200,
            json: { .string($0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)") },
            parse: { (scalar, reading) throws(Invalid) in
                let bounds = scalar.text.split(separator: "-").compactMap { Int($0) }
                guard form.matches(scalar.text, in: reading), let low = bounds.first, let high = bounds.last else {
                    throw Invalid("must be \(form.meaning)")
                }
                guard low <= high else { throw Invalid("must begin with the lower status") }
                return low...high
            }
        )
    }
}

extension Kind where Value == Set<Int> {
    /// A list of statuses that tell of failure.
    static var statuses: Kind {
        Kind<[Int]>.values(of: .integer(400...599), count: 0...100).map({ Set($0) }, back: { $0.sorted() })
    }
}

extension Kind where Value == Set<RetryCause> {
    static var retryCauses: Kind {
        Kind<[RetryCause]>.values(of: .choice(.connect))
            .map({ Set($0) }, back: { causes in RetryCause.allCases.filter { causes.contains($0) } })
    }
}

extension Kind where Value == HashSource {
    private static let words: [(name: String, source: HashSource)] = [
        ("key", .key), ("client-address", .clientAddress),
    ]

    /// The word for `hash`.
    static var hashSource: Kind {
        .scalar(
            schema: JSON.object([
                ("type", "string"), ("pattern", "^(key|client-address|header:[A-Za-z0-9_-]+)$"),
            ]).orSubstitution,
            placeholder: .key,
            json: { source in
                switch source {
                case .key, .clientAddress: Self.words.first { $0.source == source }.map { .string($0.name) }
                case .header(let name): .string("header:\(name)")
                }
            },
            parse: { (scalar, reading) throws(Invalid) in
                if let word = Self.words.first(where: { $0.name == scalar.text }) { return word.source }
                if let name = try scalar.fieldWord(in: reading) { return .header(name) }
                throw Invalid(
                    "must be one of key, client-address, header:NAME",
                    meant: Suggestion.nearest(to: scalar.text, among: Self.words.map(\.name))
                )
            }
        )
    }
}
