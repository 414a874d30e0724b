/// Names one generation: a random UUID (version 4).
struct GenerationID: Equatable, Sendable {
    private let hex: String

    init(using generator: inout some RandomNumberGenerator) {
        let high: UInt64 = generator.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low: UInt64 = generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        self.hex = [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// `gen_8f14e45f-ceea-467f-9575-a1c1c7f3d1b2`.
    var text: String {
        var rest = self.hex[...]
        let groups = [8, 4, 4, 4, 12].map { length in
            defer { rest = rest.dropFirst(length) }
            return String(rest.prefix(length))
        }
        return "gen_" + groups.joined(separator: "-")
    }

    /// `images/gen_8f14e45fceea467f9575a1c1c7f3d1b2.png`: only bytes that no signature scheme encodes.
    func objectKey(fileExtension: String) -> String { "images/gen_\(self.hex).\(fileExtension)" }
}
