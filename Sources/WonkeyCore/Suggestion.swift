/// Finds what somebody meant who misspelt a name.
package enum Suggestion {
    /// The known name that is nearest to `name`, if one is near.
    ///
    /// Near is a third of the letters wrong, at least 1 and at most 3, where swapping two neighbours counts once and case
    /// does not count.
    ///
    /// - Parameters:
    ///   - name: What was written; longer than 128 characters gives `nil`.
    ///   - known: The names there are.
    /// - Returns: The nearest; of several equally near the alphabetically first.
    /// - Complexity: O(letters of `name` × letters of `known`).
    package static func nearest(to name: String, among known: some Sequence<String>) -> String? {
        let letters = Array(name.lowercased())
        guard (1...128).contains(letters.count) else { return nil }
        let bound = min(max(letters.count / 3, 1), 3)
        var best: (distance: Int, name: String)?
        for candidate in known where !candidate.isEmpty {
            let other = Array(candidate.lowercased())
            guard abs(other.count - letters.count) <= bound else { continue }
            let distance = self.distance(letters, other)
            guard distance <= bound else { continue }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two texts (optimal string alignment).
    private static func distance(_ lhs: [Character], _ rhs: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: rhs.count + 1)
        var last = Array(0...rhs.count)
        for row in 1...lhs.count {
            var current = [row]
            for column in 1...rhs.count {
                let isSame = lhs[row - 1] == rhs[column - 1]
                var least = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
                if row > 1, column > 1, lhs[row - 1] == rhs[column - 2], lhs[row - 2] == rhs[column - 1] {
                    least = min(least, beforeLast[column - 2] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[rhs.count]
    }
}
