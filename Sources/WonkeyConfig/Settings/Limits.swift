internal import WonkeyCore

extension LimitPolicy {
    static func read(_ name: String, _ section: inout Section) -> LimitPolicy {
        let algorithm = section.required(
            "algorithm",
            .choice(LimitAlgorithm.fixedWindow),
            "How units are counted: fixed-window, sliding-window, token-bucket, or concurrency: how many run at once."
        )
        let limit = section.required(
            "limit",
            .integer(0...1_000_000_000),
            "Units per window, or requests at the same time; 0 refuses everything."
        )
        let range = Duration.milliseconds(1)...(.seconds(366 * 86_400))
        var window = section.required(
            "window",
            unless: (key: "algorithm", is: LimitAlgorithm.concurrency.rawValue, isSo: algorithm == .concurrency),
            .duration(range),
            "How long a window is; 1ms to 366d."
        )
        var lease = Duration.seconds(30)
        section.read(
            "lease",
            into: &lease,
            .duration(.seconds(1)...(.seconds(3_600))),
            "For concurrency: how long a place stays taken after a proxy has died; 1s to 1h."
        )
        if algorithm == .concurrency {
            if section.has("window") {
                section.fault("is for the other algorithms; concurrency has 'lease'", at: "window")
            }
            window = lease
        } else if section.has("lease") {
            section.fault("is for algorithm: concurrency", at: "lease")
        }
        var policy = LimitPolicy(name: name, algorithm: algorithm, quota: Quota(limit: limit, window: window))
        section.read(
            "by",
            into: &policy.partition,
            .partition,
            "Who shares a counter: key, project, route, client-address, or header:NAME."
        )
        section.read("unit", into: &policy.unit, .choice(.requests), "What is counted: requests, or images returned.")
        section.read(
            "shadow",
            into: &policy.isShadow,
            .boolean,
            "Counts and tells what it would refuse, in metrics and the request log, but refuses nothing."
        )
        section.read(
            "mode",
            into: &policy.mode,
            .choice(.exact),
            "exact asks Redis for every request; leases takes small blocks ahead, never exceeds the limit, may stay below it."
        )
        if policy.mode == .leases, algorithm != .fixedWindow || policy.unit != .requests || policy.isShadow {
            section.fault("leases is for fixed windows of requests that are not in shadow", at: "mode")
        }
        if algorithm == .concurrency, policy.unit == .images {
            section.fault("images are no requests that run at the same time", at: "unit")
        }
        return policy
    }
}

extension Kind where Value == LimitPartition {
    private static let words: [(name: String, partition: LimitPartition)] = [
        ("key", .key), ("project", .project), ("route", .route), ("client-address", .clientAddress),
    ]

    /// The word for `by`.
    fileprivate static var partition: Kind {
        .scalar(
            schema: JSON.object([
                ("type", "string"), ("pattern", "^(key|project|route|client-address|header:[A-Za-z0-9_-]+)$"),
            ]).orSubstitution,
            placeholder: .key,
            json: { partition in
                switch partition {
                case .key, .project, .route, .clientAddress:
                    Self.words.first { $0.partition == partition }.map { .string($0.name) }
                case .header(let name): .string("header:\(name)")
                }
            },
            parse: { (scalar, reading) throws(Invalid) in
                if let word = Self.words.first(where: { $0.name == scalar.text }) { return word.partition }
                let names = Self.words.map(\.name)
                if let name = try scalar.fieldWord(in: reading) { return .header(name) }
                throw Invalid(
                    "must be one of \(names.joined(separator: ", ")), header:NAME",
                    meant: Suggestion.nearest(to: scalar.text, among: names)
                )
            }
        )
    }
}
