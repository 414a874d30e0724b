internal import CCrypt

/// bcrypt (`$2b$`) through libxcrypt.
///
/// Slow by design, on the calling thread.
struct Bcrypt: Sendable {
    /// What libxcrypt takes.
    static let costRange = 4...31

    /// The binary logarithm of the rounds.
    let cost: Int

    /// The hash of a phrase with a new salt.
    ///
    /// - Parameters:
    ///   - phrase: At most 72 bytes, without NUL: bcrypt sees no more.
    ///   - generator: Makes the salt.
    /// - Returns: 60 characters, or `nil` if the library refuses.
    func hash(_ phrase: String, using generator: inout some RandomNumberGenerator) -> String? {
        let salt = (0..<16).map { _ in CChar(truncatingIfNeeded: generator.next(upperBound: UInt64(256))) }
        let setting = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CRYPT_GENSALT_OUTPUT_SIZE)) {
            buffer -> String? in
            let made = unsafe crypt_gensalt_rn(
                "$2b$",
                UInt(self.cost),
                salt,
                Int32(salt.count),
                buffer.baseAddress,
                Int32(buffer.count)
            )
            guard let made = unsafe made else { return nil }
            return unsafe String(cString: made)
        }
        return setting.flatMap { Self.crypt(phrase, $0) }
    }

    /// Whether a phrase has that hash; `nil` if the hash is none of bcrypt's.
    func matches(_ phrase: String, _ hash: String) -> Bool? {
        guard Self.cost(of: hash) != nil, let computed = Self.crypt(phrase, hash) else { return nil }
        return Self.equal(computed, hash)
    }

    /// A setting of this cost that nobody's hash has: hashing under it takes as long as any comparison.
    var dummySetting: String {
        "$2b$\(self.cost < 10 ? "0" : "")\(self.cost)$" + String(repeating: ".", count: 22)
            + String(repeating: ".", count: 31)
    }

    /// The cost that a stored hash was made with, or `nil` if it is none of bcrypt's.
    static func cost(of hash: String) -> Int? {
        guard let match = hash.wholeMatch(of: /\$2[aby]\$(?<cost>[0-9]{2})\$[.\/A-Za-z0-9]{53}/) else { return nil }
        return Int(match.output.cost).flatMap { self.costRange.contains($0) ? $0 : nil }
    }

    /// Runs `crypt_r` in memory of its own, wiped before it is let go.
    private static func crypt(_ phrase: String, _ setting: String) -> String? {
        let size = Int(wonkey_crypt_data_size())
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer {
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe memory.deallocate()
        }
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        guard let output = unsafe wonkey_crypt_r(phrase, setting, memory.baseAddress) else { return nil }
        let hash = unsafe String(cString: output)
        // A failure's output begins with an asterisk, so that it is equal to no hash.
        return hash.hasPrefix("*") ? nil : hash
    }

    /// Compares without an early exit: the time does not tell how much was right.
    private static func equal(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
