import Crypto
import HTTPTypes
import Logging
import WonkeyCore

/// Sees to it that a request with an Idempotency-Key is carried out once, however often it is sent.
///
/// The answer to a repeated request is the first one's. Answers with a problem are not kept: the request did nothing, and
/// the same key may be used to try again. If the process dies between carrying a request out and keeping its answer, the
/// key is free again after ``abandonedAfter``, and the request may be carried out a second time.
///
/// - SeeAlso: draft-ietf-httpapi-idempotency-key-header.
struct IdempotencyGuard: Sendable {
    /// How long answers are kept.
    static let lifetime = Duration.seconds(86_400)
    /// Longer than any request takes.
    static let abandonedAfter = Duration.seconds(120)

    let services: ManagementServices
    let logger: Logger

    /// Runs the endpoint, or answers as it did before.
    ///
    /// - Parameters:
    ///   - endpoint: What to run.
    ///   - request: The checked request.
    ///   - target: Path and query as sent.
    /// - Returns: The answer.
    /// - Throws: What the endpoint throws; ``Problem`` 409 while the same request is carried out, 422 if the key was used
    ///   for another one.
    func run(_ endpoint: Endpoint, on request: EndpointRequest, target: String) async throws -> Reply {
        guard endpoint.takesIdempotencyKey, let key = request.fields[.idempotencyKey] else {
            return try await endpoint.run(request)
        }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem.invalid(field: "Idempotency-Key", "must be 1 to 255 visible ASCII characters, such as a UUID")
        }
        let claim = self.claim(key, request, "\(endpoint.method.rawValue) \(target)")
        let scope = request.principal.map { StoreScope.member($0.user.id) } ?? .accounts
        let store = self.services.idempotency(scope)
        let seal = AnswerSeal(key: key, secret: self.services.serverSecret, keyHash: claim.keyHash)
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
        case .answered(let bytes):
            guard let reply = seal.open(bytes) else {
                throw Problem.conflict("This Idempotency-Key was used, and its answer cannot be read any more.")
            }
            return reply.with(.idempotencyReplayed, "true")
        }
    }

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
            abandonedBefore: now + (.zero - Self.abandonedAfter),
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
            let reply = try await endpoint.run(request)
            do {
                try await store.complete(claim, answer: try seal.close(reply))
            } catch {
                // It was carried out, and the client must learn that; only a repetition would not.
                self.logger.warning("answer not kept", metadata: ["request_id": "\(request.id)", "error": "\(error)"])
            }
            return reply
        } catch {
            do {
                try await store.release(claim)
            } catch let failure {
                self.logger.warning("key not freed", metadata: ["request_id": "\(request.id)", "error": "\(failure)"])
            }
            throw error
        }
    }
}

/// Encrypts answers, which may hold a new key's text (AES-256-GCM; RFC 5869 for the key).
struct AnswerSeal {
    private let symmetricKey: SymmetricKey
    private let keyHash: [UInt8]

    /// Derives the key.
    ///
    /// - Parameters:
    ///   - key: The client's Idempotency-Key, which is stored nowhere.
    ///   - secret: The server's, empty if none is configured; it makes a stolen database useless even where clients choose
    ///     poor keys.
    ///   - keyHash: Binds an answer to its row.
    init(key: String, secret: Secret, keyHash: [UInt8]) {
        self.symmetricKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(key.utf8)),
            salt: Array(secret.revealed.utf8),
            info: Array("wonkey idempotent answer".utf8),
            outputByteCount: 32
        )
        self.keyHash = keyHash
    }

    func close(_ reply: Reply) throws -> [UInt8] {
        let fields = reply.fields.map { field -> JSONValue in [.string(field.name.rawName), .string(field.value)] }
        let value: JSONValue = [
            "status": .integer(Int64(reply.status)), "fields": .array(fields),
            "body": .array(reply.body.map { [$0] } ?? []),
        ]
        let box = try AES.GCM.seal(Array(value.text.utf8), using: self.symmetricKey, authenticating: self.keyHash)
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// The answer, or `nil` if it was encrypted with another key or changed since.
    func open(_ bytes: [UInt8]) -> Reply? {
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: self.symmetricKey, authenticating: self.keyHash),
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
}
