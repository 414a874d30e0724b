/// Assigns hashes to targets so that a target that comes or goes moves only its own share.
///
/// Each target owns points on a circle, as many as its weight says and at places that depend on its name alone; a hash
/// belongs to the next point. Proxies with the same targets agree without talking.
package struct HashRing: Sendable {
    /// Points of a target of weight 1.
    private static let pointsPerWeight = 100

    private let points: [UInt64]
    /// By the index of the point.
    private let owners: [Int32]

    /// Lays out the circle.
    ///
    /// - Parameter targets: Names, all different, and weights, at least 1; their order gives the indices.
    package init(_ targets: [(name: String, weight: Int)]) {
        var points: [(place: UInt64, owner: Int32)] = []
        for (index, target) in targets.enumerated() {
            let seed = StableHash.hash(target.name.utf8)
            for number in 0..<(max(1, target.weight) * Self.pointsPerWeight) {
                points.append((StableHash.mix(seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15), Int32(index)))
            }
        }
        points.sort { ($0.place, $0.owner) < ($1.place, $1.owner) }
        self.points = points.map(\.place)
        self.owners = points.map(\.owner)
    }

    /// The target a hash belongs to, or the next one on the circle that is usable.
    ///
    /// - Parameters:
    ///   - hash: Of whatever is to stay together.
    ///   - isUsable: Asked by index.
    /// - Returns: An index, or `nil` if no target is usable.
    /// - Complexity: O(log points) if the hash's own target is usable.
    package func target(for hash: UInt64, where isUsable: (Int) -> Bool) -> Int? {
        let start = self.firstPoint(from: hash)
        var refused: Int32?
        for step in 0..<self.points.count {
            let owner = self.owners[(start + step) % self.points.count]
            if owner == refused { continue }
            if isUsable(Int(owner)) { return Int(owner) }
            refused = owner
        }
        return nil
    }

    private func firstPoint(from hash: UInt64) -> Int {
        var low = 0
        var high = self.points.count
        while low < high {
            let middle = (low + high) / 2
            if self.points[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
