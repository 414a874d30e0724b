/// Finds what somebody meant to write.
enum Suggestion {
    /// The nearest of the candidates, if it is near enough to be meant: a third of the letters may be wrong.
    ///
    /// - Parameters:
    ///   - text: What was written.
    ///   - candidates: What could have been; of equally near ones the first in alphabetical order wins.
    /// - Returns: A candidate that differs from `text`, or `nil`.
    static func nearest(to text: String, among candidates: some Sequence<String>) -> String? {
        // Long texts are no misspelt names, and the distance takes the product of the lengths.
        guard text.utf8.count <= 64 else { return nil }
        let written = Self.folded(text)
        let distances = candidates.sorted().filter { $0 != text }.map { candidate in
            (candidate: candidate, distance: Self.distance(written, Self.folded(candidate)))
        }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        let allowed = max(1, min(written.count, best.candidate.utf8.count) / 3)
        return best.distance <= allowed ? best.candidate : nil
    }

    /// Lower case, and `-` for `_`: such mistakes count nothing.
    private static func folded(_ text: String) -> [UInt8] {
        text.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
    }

    /// The Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of
    /// neighbours, each counting 1.
    static func distance(_ lhs: [UInt8], _ rhs: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: rhs.count + 1)
        var last = Array(0...rhs.count)
        for row in 0..<lhs.count {
            var current = [row + 1]
            for column in 0..<rhs.count {
                let isSame = lhs[row] == rhs[column]
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, lhs[row] == rhs[column - 1], lhs[row - 1] == rhs[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[rhs.count]
    }
}
