import Crypto
import HTTPTypes
import Logging
package import WonkeyCore

/// Sees to it that a request with an Idempotency-Key is carried out once, however often it is sent.
///
/// The answer to a repeated request is the first one's. Answers with a problem are not kept: the request did nothing, and
/// the same key may be used to try again. What a request changes is noted under its claim in the same transaction: if the
/// process dies before it has kept its answer, a repetition is told so (409) and not carried out a second time. If nothing
/// was changed by then, the key is free again after ``abandonedAfter``.
///
/// - SeeAlso: draft-ietf-httpapi-idempotency-key-header.
struct IdempotencyGuard: Sendable {
    /// How long answers are kept.
    static let lifetime = Duration.seconds(86_400)

    let services: ManagementServices
    let deadline: RequestDeadline
    let logger: Logger

    /// Longer than any request takes.
    var abandonedAfter: Duration { max(.seconds(120), self.deadline.limit * 2) }

    /// Runs the endpoint, or answers as it did before.
    ///
    /// - Parameters:
    ///   - endpoint: What to run.
    ///   - request: The checked request.
    ///   - target: Path and query as sent.
    /// - Returns: The answer.
    /// - Throws: What the endpoint throws; ``Problem`` 409 while the same request is carried out or if its answer was lost,
    ///   422 if the key was used for another one.
    func run(_ endpoint: Endpoint, on request: EndpointRequest, target: String) async throws -> Reply {
        guard endpoint.takesIdempotencyKey, let key = request.fields[.idempotencyKey] else {
            return try await self.deadline.run(endpoint, on: request)
        }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem.invalid(field: "Idempotency-Key", "must be 1 to 255 visible ASCII characters, such as a UUID")
        }
        let claim = self.claim(key, request, "\(endpoint.method.rawValue) \(target)")
        let scope = request.principal.map { StoreScope.member($0.user.id) } ?? .accounts
        let store = self.services.idempotency(scope)
        let seal = AnswerSeal(key: key, keyHash: claim.keyHash)
        switch try await store.claim(claim) {
        case .claimed: return try await self.carryOut(endpoint, request, claim, store, seal)
        case .inFlight:
            var problem = Problem.conflict(
                "A request with this Idempotency-Key is still being answered. Try again soon."
            )
            problem.fields[.retryAfter] = "1"
            throw problem
        case .otherRequest:
            throw Problem.invalid(field: "Idempotency-Key", "was used for another request; make a new one")
        case .answered(let bytes): return try await self.repeated(bytes, seal)
        case .answerLost: throw Self.lost
        }
    }

    /// The answer of the first request once more.
    private func repeated(_ bytes: [UInt8], _ seal: AnswerSeal) async throws -> Reply {
        guard let id = AnswerSeal.keyID(of: bytes),
            let key = try await self.services.sealing.sealingKey(id: id),
            let reply = seal.open(bytes, with: key)
        else { throw Self.lost }
        return reply.with(.idempotencyReplayed, "true")
    }

    private static let lost = Problem.conflict(
        "A request with this Idempotency-Key was carried out, but its answer is lost. Look at what is there now."
    )

    private func claim(_ key: String, _ request: EndpointRequest, _ target: String) -> IdempotencyClaim {
        let owner = request.principal?.user.id
        let body = JSONValue.object(request.body.members).text
        let now = self.services.clock.now
        return IdempotencyClaim(
            // JSON keeps the parts apart, whatever is in them.
            keyHash: Self.hash(["key", .init(owner?.rawValue), .string(key)]),
            requestHash: Self.hash(["request", .string(target), .string(body)]),
            userID: owner,
            now: now,
            abandonedBefore: now + (.zero - self.abandonedAfter),
            expiresAt: now + Self.lifetime
        )
    }

    private static func hash(_ value: JSONValue) -> [UInt8] { Array(SHA256.hash(data: Array(value.text.utf8))) }

    private func carryOut(
        _ endpoint: Endpoint,
        _ request: EndpointRequest,
        _ claim: IdempotencyClaim,
        _ store: any IdempotencyStore,
        _ seal: AnswerSeal
    ) async throws -> Reply {
        do {
            let sealingKey = try await self.services.sealing.sealingKey()
            let reply = try await self.deadline.run(endpoint, on: request.carriedOut(under: claim))
            do {
                try await store.complete(claim, answer: try seal.close(reply, with: sealingKey))
            } catch {
                // It was carried out, and the client must learn that; a repetition learns that the answer is lost.
                self.logger.warning("answer not kept", metadata: ["request_id": "\(request.id)", "error": "\(error)"])
            }
            return reply
        } catch {
            do {
                try await store.release(claim, Problem(error).status < 500 ? .refused : .failed)
            } catch let failure {
                self.logger.warning("key not freed", metadata: ["request_id": "\(request.id)", "error": "\(failure)"])
            }
            throw error
        }
    }
}

/// The secrets that answers are encrypted with; there is always one.
package protocol SealingKeys: Sendable {
    /// The one for new answers.
    func sealingKey() async throws(StoreError) -> SigningKey
    /// An earlier one, as long as answers may be encrypted with it.
    func sealingKey(id: String) async throws(StoreError) -> SigningKey?
}

/// Encrypts answers, which may hold a new key's text (AES-256-GCM; RFC 5869 for the key).
///
/// It takes both the client's Idempotency-Key, which is stored nowhere, and a secret of the service: whoever has the one or the
/// other alone reads nothing, however poor the keys are that clients choose. Before the sealed answer stands the id of the
/// secret, and before that its length.
struct AnswerSeal {
    private let key: String
    private let keyHash: [UInt8]

    /// Makes a seal.
    ///
    /// - Parameters:
    ///   - key: The client's Idempotency-Key.
    ///   - keyHash: Binds an answer to its row.
    init(key: String, keyHash: [UInt8]) {
        self.key = key
        self.keyHash = keyHash
    }

    /// Which secret opens an answer, if this is one.
    static func keyID(of bytes: [UInt8]) -> String? {
        guard let size = bytes.first, bytes.count > Int(size) else { return nil }
        return String(validating: bytes[1...Int(size)], as: UTF8.self)
    }

    func close(_ reply: Reply, with secret: SigningKey) throws -> [UInt8] {
        let fields = reply.fields.map { field -> JSONValue in [.string(field.name.rawName), .string(field.value)] }
        let value: JSONValue = [
            "status": .integer(Int64(reply.status)), "fields": .array(fields),
            "body": .array(reply.body.map { [$0] } ?? []),
        ]
        let box = try AES.GCM.seal(
            Array(value.text.utf8),
            using: self.symmetricKey(secret),
            authenticating: self.keyHash
        )
        let id = Array(secret.id.utf8.prefix(255))
        return [UInt8(id.count)] + id + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// The answer, or `nil` if it was encrypted with another key or changed since.
    func open(_ bytes: [UInt8], with secret: SigningKey) -> Reply? {
        guard let size = bytes.first, let box = try? AES.GCM.SealedBox(combined: bytes.dropFirst(1 + Int(size))),
            let text = try? AES.GCM.open(box, using: self.symmetricKey(secret), authenticating: self.keyHash),
            case .object(let members) = try? JSONValue(parsing: Array(text))
        else { return nil }
        let object = JSONObject(members)
        guard let status = object.integer(ifPresent: "status"), case .array(let pairs) = object["fields"],
            case .array(let bodies) = object["body"]
        else { return nil }
        var reply = Reply(status: Int(status), body: bodies.first)
        for case .array(let pair) in pairs {
            guard pair.count == 2, case .string(let name) = pair[0], case .string(let value) = pair[1],
                let name = HTTPField.Name(name)
            else { return nil }
            reply.fields[name] = value
        }
        return reply
    }

    private func symmetricKey(_ secret: SigningKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.secret),
            salt: Array(self.key.utf8),
            info: Array("wonkey idempotent answer".utf8),
            outputByteCount: 32
        )
    }
}
