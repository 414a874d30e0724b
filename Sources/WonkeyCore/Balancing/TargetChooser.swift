/// Chooses the target of a request.
///
/// Pure: the driver tells what is usable and which requests began and ended.
package struct TargetChooser: Sendable {
    private struct Candidate {
        /// In hundredths of the configured unit; 0 takes no requests.
        var weight: Int
        /// Requests under way.
        var load: Int
        /// Its place among ``TargetChooser/tierCount``.
        var tier: Int
        /// How much of its turn it has saved up.
        var credit = 0

        func isChosen(in tier: Int) -> Bool { self.tier == tier && self.weight > 0 }
    }

    private let policy: BalancePolicy
    private let ring: HashRing?
    private var candidates: [Candidate]
    /// How many different priorities there are.
    private let tierCount: Int
    private var turn = 0

    /// Starts with nobody's turn.
    ///
    /// - Parameters:
    ///   - policy: ``BalancePolicy/consistentHash`` needs `ring`.
    ///   - weights: One per target, in hundredths.
    ///   - loads: Requests under way, one per target.
    ///   - priorities: One per target, the lowest first; empty if they are all the same.
    ///   - ring: Of the same targets.
    package init(
        policy: BalancePolicy,
        weights: [Int],
        loads: [Int],
        priorities: [Int] = [],
        ring: HashRing? = nil
    ) {
        self.policy = policy
        self.ring = ring
        let tiers = Set(priorities).sorted()
        self.tierCount = max(1, tiers.count)
        self.candidates = weights.indices.map { index in
            let tier = priorities.isEmpty ? 0 : tiers.firstIndex(of: priorities[index]) ?? 0
            return Candidate(weight: weights[index], load: loads[index], tier: tier)
        }
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

    /// Chooses among the targets that are usable and have a weight, the best priority there is among these.
    ///
    /// - Parameters:
    ///   - hash: For consistent hashing; without one the targets take turns.
    ///   - isUsable: Asked by index.
    /// - Returns: An index, or `nil` if there is none to choose.
    package mutating func choose(hash: UInt64?, isUsable: (Int) -> Bool) -> Int? {
        for tier in 0..<self.tierCount {
            if let index = self.choose(in: tier, hash: hash, isUsable: isUsable) { return index }
        }
        return nil
    }

    private mutating func choose(in tier: Int, hash: UInt64?, isUsable: (Int) -> Bool) -> Int? {
        switch self.policy {
        case .roundRobin: return self.next(in: tier, isUsable)
        case .leastRequests: return self.leastLoaded(in: tier, isUsable)
        case .consistentHash:
            guard let hash, let ring = self.ring else { return self.next(in: tier, isUsable) }
            return ring.target(for: hash) { self.candidates[$0].isChosen(in: tier) && isUsable($0) }
        }
    }

    /// Smooth weighted round robin: everybody saves up their weight, the richest pays for all.
    private mutating func next(in tier: Int, _ isUsable: (Int) -> Bool) -> Int? {
        var chosen: Int?
        var total = 0
        for index in self.candidates.indices where self.candidates[index].isChosen(in: tier) && isUsable(index) {
            self.candidates[index].credit += self.candidates[index].weight
            total += self.candidates[index].weight
            if let best = chosen, self.candidates[best].credit >= self.candidates[index].credit { continue }
            chosen = index
        }
        if let chosen { self.candidates[chosen].credit -= total }
        return chosen
    }

    /// The fewest requests per weight; equals take turns.
    private mutating func leastLoaded(in tier: Int, _ isUsable: (Int) -> Bool) -> Int? {
        let count = self.candidates.count
        var chosen: Int?
        for step in 0..<count {
            let index = (self.turn + step) % count
            let candidate = self.candidates[index]
            guard candidate.isChosen(in: tier), isUsable(index) else { continue }
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
