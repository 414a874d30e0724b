import Crypto
import NIOCore
import WonkeyCore
import WonkeyHTTP

/// A request with an idempotency key: its body until its turn comes, then its answer as far as it is kept.
final class ReplayRun {
    enum Stage {
        /// The body comes in.
        case collecting
        /// The claim is made, limits are asked.
        case claimed
        /// The request is carried out.
        case running
        /// Whatever follows is no longer its business, or never was.
        case over
    }

    let rules: IdempotencyRules
    let key: String
    private(set) var body = ByteBuffer()
    var stage = Stage.collecting
    var claim: ReplayClaim?
    var renewal: Scheduled<Void>?
    private var answer: ReplayAnswer?
    private var isTooLarge = false

    /// How long a claim outlives a process that dies.
    static let lease = Duration.seconds(60)

    /// Fields that are about one answer only.
    private static let passing = Set(
        [
            "Date", "Age", "X-Request-Id", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset", "Idempotency-Replayed",
        ].map { FieldName($0) }
    )

    init(_ rules: IdempotencyRules, key: String) {
        self.rules = rules
        self.key = key
    }

    /// Bounded by the exchange's body limit.
    func append(_ chunk: ByteBuffer) {
        self.body.writeImmutableBuffer(chunk)
    }

    /// The claim of this request; its body has to be complete.
    func makeClaim(_ head: RequestHead, key: KnownKey, route: String, token: String) -> ReplayClaim {
        var scope = SHA256()
        for part in [key.record.id.rawValue, head.method.text, route, self.key] {
            scope.update(data: Array("\(part.utf8.count):\(part)".utf8))
        }
        var fingerprint = SHA256()
        for part in [head.fields.first(.contentType) ?? "", head.target.text] {
            fingerprint.update(data: Array("\(part.utf8.count):\(part)".utf8))
        }
        fingerprint.update(data: Array(self.body.readableBytesView))
        return ReplayClaim(
            entry: "\(key.counterPrefix)idem:\(Self.hexadecimal(scope.finalize()))",
            token: token,
            fingerprint: Self.hexadecimal(fingerprint.finalize()),
            lease: Self.lease
        )
    }

    private static func hexadecimal(_ digest: SHA256Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    // MARK: The answer

    /// The answer begins; `head` is without what this proxy adds.
    func answerBegan(_ head: ResponseHead) {
        guard case .running = self.stage else { return }
        let fields = head.fields.lines.filter { !Self.passing.contains(FieldName($0.name)) }
        self.answer = ReplayAnswer(
            status: head.status,
            fields: fields.map { .init(name: $0.name, value: $0.value) },
            body: []
        )
        let size = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        self.isTooLarge = size > self.rules.answerBytesMax
    }

    func answerContinued(_ chunk: ByteBuffer) {
        guard let count = self.answer?.body.count, !self.isTooLarge else { return }
        if count + chunk.readableBytes > self.rules.answerBytesMax {
            self.isTooLarge = true
            self.answer?.body = []
        } else {
            self.answer?.body += chunk.readableBytesView
        }
    }

    /// What is kept of a complete answer.
    ///
    /// One that says "not now" did nothing: the same key may try again.
    func change(isNothingDone: (Int) -> Bool) -> ReplayChange {
        guard let answer = self.answer else { return .keep(.withoutAnswer, self.rules.lifetime) }
        if isNothingDone(answer.status) { return .abandon }
        return .keep(self.isTooLarge ? .withoutAnswer : .answered(answer), self.rules.lifetime)
    }
}
