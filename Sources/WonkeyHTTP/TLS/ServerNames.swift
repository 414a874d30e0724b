/// Which of several certificates serves a name the client asks for (RFC 6066 §3).
struct ServerNames: Equatable, Sendable {
    /// By name; wildcards without `*`, beginning with the dot.
    private var indices: [String: Int] = [:]

    /// Makes the table; where several certificates have a name, the first one serves it.
    ///
    /// - Parameter names: Of each certificate, in lower case.
    init(_ names: [[String]]) {
        for (index, names) in names.enumerated() {
            for name in names {
                let key = name.hasPrefix("*.") ? String(name.dropFirst()) : name
                if self.indices[key] == nil { self.indices[key] = index }
            }
        }
    }

    /// The certificate for a name: one that has it, then one whose wildcard covers it, then the first.
    ///
    /// A wildcard stands for exactly one label (RFC 6125 §6.4.3).
    func index(for name: String?) -> Int {
        name.flatMap { self.find($0) } ?? 0
    }

    /// Whether some certificate is for a name.
    func cover(_ name: String) -> Bool {
        self.find(name) != nil
    }

    private func find(_ name: String) -> Int? {
        var name = name.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.hasPrefix(".") else { return nil }
        if let index = self.indices[name] { return index }
        return name.firstIndex(of: ".").flatMap { self.indices[String(name[$0...])] }
    }
}
