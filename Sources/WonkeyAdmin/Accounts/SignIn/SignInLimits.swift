package import WonkeyCore

/// How often one may sign up and in.
///
/// Windows slide: what fills one may weigh on the next, so that waiting for two of them is always enough.
package struct SignInLimits: Hashable, Sendable {
    /// Registrations from one client address.
    package var registerByAddress = Quota(limit: 30, window: .seconds(600))
    /// Registrations of one e-mail address.
    package var registerByAccount = Quota(limit: 10, window: .seconds(3_600))
    /// Sign-ins from one client address, good or bad.
    package var loginByAddress = Quota(limit: 60, window: .seconds(60))
    /// Bad sign-ins to one account, whether it exists or not.
    package var loginByAccount = Quota(limit: 10, window: .seconds(900))
    /// Refreshes from one client address.
    package var refreshByAddress = Quota(limit: 120, window: .seconds(60))

    package init() {}
}

/// What is attempted, and against which limits.
enum SignInAttempt: Sendable {
    case register(EmailAddress)
    /// The address as given: what is none is counted as well.
    case login(String)
    case refresh
}

/// Counts attempts to sign up and in, in the same counters as the proxies' limits.
///
/// An account is counted by its address, so that the answer is the same whether it exists or not. While the counters are
/// away this process counts for itself: a Redis that is down opens no door for guessing.
package struct SignInGate: Sendable {
    private let counters: any CounterService
    private let local: LocalCounters
    private let limits: SignInLimits

    /// Makes a gate.
    ///
    /// - Parameters:
    ///   - counters: Shared by all processes, or this one's.
    ///   - local: Counts while `counters` gives no answer.
    ///   - limits: How often.
    package init(counters: any CounterService, local: LocalCounters = LocalCounters(), limits: SignInLimits = .init()) {
        self.counters = counters
        self.local = local
        self.limits = limits
    }

    /// Takes one attempt.
    ///
    /// - Throws: ``OperationError`` with code `.rateLimited`; nothing was taken.
    func admit(_ attempt: SignInAttempt, from clientAddress: String) async throws(OperationError) {
        let checks = self.checks(attempt, from: clientAddress)
        let decision: CounterDecision
        do {
            decision = try await self.counters.take(checks)
        } catch {
            decision = self.local.take(checks)
        }
        guard case .refused(let states) = decision else { return }
        let wait = states.map(\.retryAfterMs).max() ?? 1_000
        throw OperationError(
            code: .rateLimited,
            message: "too many attempts; wait before the next one",
            retryAfter: .milliseconds(wait)
        )
    }

    /// Gives back what an attempt took of its account's limit, because it was a good one.
    func succeeded(_ attempt: SignInAttempt, from clientAddress: String) async {
        let checks = self.checks(attempt, from: clientAddress).filter(\.isReturnable)
        guard !checks.isEmpty else { return }
        await self.counters.giveBack(checks)
        self.local.giveBack(checks)
    }

    private func checks(_ attempt: SignInAttempt, from clientAddress: String) -> [CounterCheck] {
        let address = Self.partition(clientAddress)
        switch attempt {
        case .register(let email):
            return [
                Self.check("register:a:\(address)", self.limits.registerByAddress),
                Self.check("register:u:\(Self.digest(email.folded))", self.limits.registerByAccount),
            ]
        case .login(let text):
            let account = Self.digest(EmailAddress(text)?.folded ?? text)
            return [
                Self.check("login:a:\(address)", self.limits.loginByAddress),
                Self.check("login:u:\(account)", self.limits.loginByAccount, isReturnable: true),
            ]
        case .refresh:
            return [Self.check("refresh:a:\(address)", self.limits.refreshByAddress)]
        }
    }

    /// The hash tag in braces keeps an attempt's counters on one Redis node.
    private static func check(_ name: String, _ quota: Quota, isReturnable: Bool = false) -> CounterCheck {
        CounterCheck(
            counter: "wk:{sign-in}:\(name)",
            algorithm: .slidingWindow,
            quota: quota,
            isReturnable: isReturnable
        )
    }

    /// The client as it is counted: whoever has an IPv6 address has its whole /64.
    private static func partition(_ clientAddress: String) -> String {
        guard let address = IPAddress(clientAddress), !address.isIPv4,
            let network = IPAddress(bytes: Array(address.bytes.prefix(8)) + [UInt8](repeating: 0, count: 8))
        else { return clientAddress }
        return network.description
    }

    /// The account as it is counted: of fixed length, and no address in Redis.
    private static func digest(_ text: String) -> String {
        KeyHash(of: Array(text.utf8)).bytes.prefix(16).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
