import Testing

@testable import WonkeyCore

@Suite("Which target a request goes to")
struct TargetChooserTests {
    private func choices(_ chooser: inout TargetChooser, _ count: Int, usable: Set<Int> = [0, 1, 2]) -> [Int?] {
        (0..<count).map { _ in chooser.choose(hash: nil) { usable.contains($0) } }
    }

    @Test(
        "round robin follows the weights, spread evenly, and leaves out who is not usable",
        arguments: [
            ([100, 100, 100], [0, 1, 2], [0, 1, 2, 0, 1, 2]),
            ([300, 100, 100], [0, 1, 2], [0, 1, 0, 2, 0, 0, 1, 0, 2, 0]),
            ([100, 0, 100], [0, 1, 2], [0, 2, 0, 2]),
            ([100, 100, 100], [1, 2], [1, 2, 1, 2]),
            ([100, 100, 100], [1], [1, 1]),
            ([0, 0, 0], [0, 1, 2], [nil]),
            ([100, 100, 100], [], [nil]),
        ] as [([Int], Set<Int>, [Int?])]
    )
    func roundRobin(weights: [Int], usable: Set<Int>, expected: [Int?]) {
        var chooser = TargetChooser(policy: .roundRobin, weights: weights, loads: [0, 0, 0])
        #expect(self.choices(&chooser, expected.count, usable: usable) == expected)
    }

    @Test(
        "least requests takes the lowest load per weight, and equals in turn",
        arguments: [
            ([100, 100, 100], [0, 0, 0], [0, 1, 2, 0]),
            ([100, 100, 100], [2, 1, 2], [1, 1]),
            ([200, 100, 100], [2, 1, 3], [0, 0]),
            ([0, 100, 100], [0, 5, 6], [1, 1]),
            ([0, 0, 0], [0, 0, 0], [nil]),
        ] as [([Int], [Int], [Int?])]
    )
    func leastRequests(weights: [Int], loads: [Int], expected: [Int?]) {
        var chooser = TargetChooser(policy: .leastRequests, weights: weights, loads: loads)
        #expect(self.choices(&chooser, expected.count) == expected)
    }

    @Test(
        "a priority gets nothing while one before it has anybody fit, under every policy (RFC 2782)",
        arguments: BalancePolicy.allCases,
        [
            ([100, 100, 100], [0, 1, 2], [1, 2]),
            ([100, 100, 100], [0, 2], [2]),
            ([100, 100, 100], [0], [0]),
            ([100, 0, 0], [0, 1, 2], [0]),
            ([100, 100, 100], [], []),
        ] as [([Int], Set<Int>, Set<Int>)]
    )
    func priorities(policy: BalancePolicy, row: ([Int], Set<Int>, Set<Int>)) {
        let (weights, usable, expected) = row
        let ring = HashRing([("a", 1), ("b", 1), ("c", 1)])
        var chooser = TargetChooser(
            policy: policy,
            weights: weights,
            loads: [0, 0, 0],
            priorities: [7, 1, 1],
            ring: ring
        )
        let chosen = (0..<64).compactMap { number in
            chooser.choose(hash: StableHash.hash("key \(number)".utf8)) { usable.contains($0) }
        }
        #expect(Set(chosen) == expected)
    }

    @Test("least requests follows requests as they begin and end")
    func loads() {
        var chooser = TargetChooser(policy: .leastRequests, weights: [100, 100], loads: [0, 0])
        chooser.requestBegan(at: 0)
        chooser.requestBegan(at: 0)
        chooser.requestBegan(at: 1)
        let one = chooser.choose(hash: nil) { _ in true }
        chooser.requestEnded(at: 0)
        chooser.requestEnded(at: 0)
        let other = chooser.choose(hash: nil) { _ in true }
        #expect([one, other] == [1, 0])
    }

    @Test("a weight that changes counts from the next choice on")
    func weights() {
        var chooser = TargetChooser(policy: .roundRobin, weights: [100, 100, 0], loads: [0, 0, 0])
        chooser.setWeight(0, of: 0)
        #expect(self.choices(&chooser, 2) == [1, 1])
    }

    @Test("consistent hashing without a hash takes turns")
    func noHash() {
        var chooser = TargetChooser(policy: .consistentHash, weights: [100, 100, 100], loads: [0, 0, 0])
        #expect(self.choices(&chooser, 3) == [0, 1, 2])
    }
}

@Suite("The ring of consistent hashing")
struct HashRingTests {
    private static let names = (1...5).map { "10.0.0.\($0):80" }
    private static let hashes = (0..<10_000).map { StableHash.hash("key_\($0)".utf8) }

    private func owners(_ names: [String], usable: (String) -> Bool = { _ in true }) -> [String?] {
        let ring = HashRing(names.map { ($0, 1) })
        return Self.hashes.map { hash in ring.target(for: hash) { usable(names[$0]) }.map { names[$0] } }
    }

    @Test("the hash is the same everywhere and always")
    func stable() {
        #expect(StableHash.hash("".utf8) == 0xf52a_15e9_a9b5_e89b)
        #expect(StableHash.hash("key_1".utf8) == 0x9caa_4889_2cec_5c14)
    }

    @Test("shares are even within a quarter, and follow the weights")
    func even() {
        let owners = self.owners(Self.names)
        for name in Self.names {
            #expect((1_500...2_500).contains(owners.count { $0 == name }))
        }
        let ring = HashRing([("a", 1), ("b", 3)])
        let share = Self.hashes.count { ring.target(for: $0) { _ in true } == 1 }
        #expect((6_900...8_100).contains(share))
    }

    @Test("a target that leaves moves its own share and nothing else, and gets the same back")
    func leaves() {
        let before = self.owners(Self.names)
        let left = Self.names[2]
        let after = self.owners(Self.names.filter { $0 != left })
        let moved = zip(before, after).filter { $0 != $1 }
        #expect(moved.allSatisfy { $0.0 == left && $0.1 != nil })
        #expect(moved.count == before.count { $0 == left })
        #expect(self.owners(Self.names.reversed()) == before)
    }

    @Test("a target that is not usable is stood in for as if it had left")
    func unusable() {
        let left = Self.names[4]
        #expect(self.owners(Self.names) { $0 != left } == self.owners(Self.names.filter { $0 != left }))
        #expect(self.owners(Self.names) { _ in false } == Self.hashes.map { _ in nil })
        #expect(self.owners([]) == Self.hashes.map { _ in nil })
    }
}
