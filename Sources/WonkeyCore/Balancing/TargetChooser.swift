/// Chooses the target of a request.
///
/// Pure: the driver tells what is usable and which requests began and ended.
package struct TargetChooser: Sendable {
    private struct Candidate {
        /// In hundredths of the configured unit; 0 takes no requests.
        var weight: Int
        /// Requests under way.
        var load: Int
        /// How much of its turn it has saved up.
        var credit = 0
    }

    private let policy: BalancePolicy
    private let ring: HashRing?
    private var candidates: [Candidate]
    private var turn = 0

    /// Starts with nobody's turn.
    ///
    /// - Parameters:
    ///   - policy: ``BalancePolicy/consistentHash`` needs `ring`.
    ///   - weights: One per target, in hundredths.
    ///   - loads: Requests under way, one per target.
    ///   - ring: Of the same targets.
    package init(policy: BalancePolicy, weights: [Int], loads: [Int], ring: HashRing? = nil) {
        self.policy = policy
        self.ring = ring
        self.candidates = zip(weights, loads).map { Candidate(weight: $0, load: $1) }
    }

    package mutating func setWeight(_ weight: Int, of index: Int) {
        self.candidates[index].weight = weight
    }

    package mutating func requestBegan(at index: Int) {
        self.candidates[index].load += 1
    }

    package mutating func requestEnded(at index: Int) {
        self.candidates[index].load -= 1
    }

    /// Chooses among the targets that are usable and have a weight.
    ///
    /// - Parameters:
    ///   - hash: For consistent hashing; without one the targets take turns.
    ///   - isUsable: Asked by index.
    /// - Returns: An index, or `nil` if there is none to choose.
    package mutating func choose(hash: UInt64?, isUsable: (Int) -> Bool) -> Int? {
        switch self.policy {
        case .roundRobin: return self.next(isUsable)
        case .leastRequests: return self.leastLoaded(isUsable)
        case .consistentHash:
            guard let hash, let ring = self.ring else { return self.next(isUsable) }
            return ring.target(for: hash) { self.candidates[$0].weight > 0 && isUsable($0) }
        }
    }

    /// Smooth weighted round robin: everybody saves up their weight, the richest pays for all.
    private mutating func next(_ isUsable: (Int) -> Bool) -> Int? {
        var chosen: Int?
        var total = 0
        for index in self.candidates.indices where self.candidates[index].weight > 0 && isUsable(index) {
            self.candidates[index].credit += self.candidates[index].weight
            total += self.candidates[index].weight
            if let best = chosen, self.candidates[best].credit >= self.candidates[index].credit { continue }
            chosen = index
        }
        if let chosen { self.candidates[chosen].credit -= total }
        return chosen
    }

    /// The fewest requests per weight; equals take turns.
    private mutating func leastLoaded(_ isUsable: (Int) -> Bool) -> Int? {
        let count = self.candidates.count
        var chosen: Int?
        for step in 0..<count {
            let index = (self.turn + step) % count
            let candidate = self.candidates[index]
            guard candidate.weight > 0, isUsable(index) else { continue }
            if let best = chosen {
                let other = self.candidates[best]
                guard (candidate.load + 1) * other.weight < (other.load + 1) * candidate.weight else { continue }
            }
            chosen = index
        }
        if let chosen { self.turn = chosen + 1 }
        return chosen
    }
}
