import Foundation
import WonkeyConfig
import WonkeyCore
import WonkeyGateway

/// Compares what is served with what a file says that is not served yet.
struct ConfigurationComparison {
    private typealias Field = DiffAnswer.Field

    /// Which setting of which thing a path is.
    private struct Place: Hashable {
        var section: String
        var name: String?
    }

    private let generation: ConfigurationReloader.Generation
    private let request: DiffRequest
    /// Names of both sides, the longest first: a name may hold dots.
    private let names: [String: [String]]

    init(_ request: DiffRequest, with generation: ConfigurationReloader.Generation) {
        self.generation = generation
        self.request = request
        self.names = generation.loaded.names.merging(request.names) { Array(Set($0 + $1)) }
            .mapValues { names in names.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) } }
    }

    /// Works out the answer.
    ///
    /// - Parameter keys: The keys this process knows.
    /// - Returns: Every difference, and whom it takes something from.
    func answer(keys: KeyCache) -> DiffAnswer {
        DiffAnswer(
            generation: self.generation.number,
            hash: self.generation.loaded.hash,
            changes: self.changes,
            keys: self.keys(in: keys)
        )
    }

    private var changes: [DiffAnswer.Change] {
        let old = self.generation.loaded.settings.entries
        let new = Dictionary(self.request.settings.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var fields: [Place: [Field]] = [:]
        for path in Set(old.keys).union(new.keys).sorted() {
            let (place, field) = self.place(of: path)
            let (before, after) = (old[path], new[path])
            guard self.differ(path, before, after) else { continue }
            fields[place, default: []].append(
                Field(
                    field: field,
                    from: before.map { $0.shown ?? Self.hidden },
                    to: after.map { $0.shown ?? Self.hidden },
                    needsRestart: RestartSettings.needsRestart(path)
                )
            )
        }
        return fields.map { place, fields in
            DiffAnswer.Change(section: place.section, name: place.name, kind: self.kind(of: place), fields: fields)
        }.sorted { ($0.section, $0.name ?? "") < ($1.section, $1.name ?? "") }
    }

    private static let hidden = "(secret)"

    private func differ(
        _ path: String,
        _ before: ConfigurationSettings.Setting?,
        _ after: DiffRequest.Setting?
    ) -> Bool {
        switch (before, after) {
        case (let before?, let after?): before.hash(at: path, salt: self.request.salt) != after.hash
        case (let only?, nil): only.position != nil
        case (nil, let only?): !only.isDefault
        case (nil, nil): false
        }
    }

    private func kind(of place: Place) -> DiffAnswer.Kind {
        guard let name = place.name else { return .changed }
        let isOld = self.generation.loaded.names[place.section]?.contains(name) == true
        let isNew = self.request.names[place.section]?.contains(name) == true
        return isOld == isNew ? .changed : isNew ? .added : .removed
    }

    private func place(of path: String) -> (place: Place, field: String) {
        let end = path.firstIndex { $0 == "." || $0 == "[" } ?? path.endIndex
        let section = String(path[..<end])
        let rest = path[end...]
        for name in self.names[section] ?? [] where rest.hasPrefix(".\(name)") {
            let field = rest.dropFirst(name.count + 1)
            guard field.isEmpty || field.hasPrefix(".") || field.hasPrefix("[") else { continue }
            return (Place(section: section, name: name), String(field.hasPrefix(".") ? field.dropFirst() : field))
        }
        return (Place(section: section, name: nil), String(rest.hasPrefix(".") ? rest.dropFirst() : rest))
    }

    private func keys(in cache: KeyCache) -> DiffAnswer.Keys {
        let comparison = LimitComparison(from: self.generation.loaded.routeLimits, to: self.request.routeLimits)
        let projects = Set(self.request.projects)
        var keys = DiffAnswer.Keys(counted: "memory", total: 0, getLess: 0, refused: 0, limits: [:])
        cache.forEachKey { key in
            keys.total += 1
            if !projects.isEmpty, !projects.contains(key.projectID.rawValue) { keys.refused += 1 }
            let losses = comparison.losses(of: key)
            if !losses.isEmpty { keys.getLess += 1 }
            for limit in losses { keys.limits[limit, default: 0] += 1 }
        }
        return keys
    }
}

/// The private listener's answer to `wonkey diff`.
struct DiffEndpoint: OperationsEndpoint {
    let reloader: ConfigurationReloader
    let keys: KeyCache

    func answer(_ body: [UInt8]) async -> (status: Int, json: [UInt8]) {
        guard let request = try? JSONDecoder().decode(DiffRequest.self, from: Data(body)) else {
            return (400, Array(#"{"error":"not a request of this version's wonkey diff"}"#.utf8))
        }
        let answer = ConfigurationComparison(request, with: self.reloader.current).answer(keys: self.keys)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(answer) else { return (500, []) }
        return (200, Array(json))
    }
}
