import Crypto
import Foundation
package import WonkeyCore

/// Passwords as bcrypt, on threads of its own.
///
/// bcrypt takes 72 bytes and ends at a NUL, while a password has up to 128 characters of up to four bytes, any of them. So
/// it gets the base64 of an HMAC-SHA-256 of the password: 44 bytes without NUL that hold all of it. The HMAC's key is a
/// constant, no secret; it keeps unsalted SHA-256 hashes out of another service's leak from being tried against ours
/// ("password shucking"). Passwords are normalised first (NFC): the same letters typed on another system are the same.
package struct BcryptPasswordHasher: PasswordHasher {
    /// 2^12 rounds: about a quarter of a second.
    package static let costStandard = 12

    private let bcrypt: Bcrypt
    private let threads: WorkThreads

    /// Makes a hasher.
    ///
    /// - Parameters:
    ///   - cost: For new hashes, 4 to 31; tests take 4.
    ///   - threadCount: How many passwords are hashed at once.
    ///   - waitingMax: How many more may wait; what comes beyond is `.busy`.
    package init(cost: Int = Self.costStandard, threadCount: Int = 2, waitingMax: Int = 32) {
        let range = Bcrypt.costRange
        self.bcrypt = Bcrypt(cost: min(max(cost, range.lowerBound), range.upperBound))
        self.threads = WorkThreads(label: "wonkey.passwords", count: threadCount, waitingMax: waitingMax)
    }

    package func hash(_ password: Password) async throws(PasswordHasherError) -> String {
        let hash = try await self.threads.run { [bcrypt] in
            var generator = SystemRandomNumberGenerator()
            return bcrypt.hash(Self.phrase(of: password.secret), using: &generator)
        }
        guard let hash else {
            throw PasswordHasherError(code: .failed, message: "libxcrypt makes no bcrypt hashes")
        }
        return hash
    }

    package func verify(
        _ password: Secret,
        against hash: String?
    ) async throws(PasswordHasherError) -> PasswordVerdict {
        let matches = try await self.threads.run { [bcrypt] in
            bcrypt.matches(Self.phrase(of: password), hash ?? bcrypt.dummySetting)
        }
        guard let hash else { return .wrong }
        guard let matches else {
            throw PasswordHasherError(code: .failed, message: "a stored password hash is none of bcrypt's")
        }
        guard matches else { return .wrong }
        return Bcrypt.cost(of: hash) ?? 0 < self.bcrypt.cost ? .rightButWeaklyHashed : .right
    }

    /// What bcrypt sees of a password.
    static func phrase(of password: Secret) -> String {
        let normalized = Data(password.revealed.precomposedStringWithCanonicalMapping.utf8)
        let key = SymmetricKey(data: Data("wonkey password 1".utf8))
        return Data(HMAC<SHA256>.authenticationCode(for: normalized, using: key)).base64EncodedString()
    }
}
