import WonkeyCore
import WonkeyHTTP

/// Whether the presented key is good.
extension GatewayExchange {
    func identify(_ head: RequestHead) -> Identification {
        let lines = head.fields.count(.authorization)
        let format = self.generation.snapshot.keyFormat
        return head.fields.withBytes(of: .authorization) {
            Identification(authorization: $0, lines: lines, format: format)
        } ?? .refused(.missingKey)
    }

    /// Whether the credentials are, or may hold, a key of ours, which no upstream may see where none is asked for either.
    func presentsKey(_ head: RequestHead) -> Bool {
        guard head.fields.contains(.authorization) else { return false }
        switch self.identify(head) {
        case .key, .refused(.malformedCredentials): return true
        case .refused: return false
        }
    }

    /// Looks the key up, in the cache or in the store, and decides.
    ///
    /// `next` is not called if the client leaves meanwhile.
    func verify(_ hash: KeyHash, for route: LoopRoute, _ next: @escaping (Verdict) -> Void) {
        let resources = self.loop.resources
        if let resolution = resources.cache.cached(hash, now: self.loop.uptimeMs) {
            next(self.verdict(of: resolution, for: route))
            return
        }
        let address = self.client?.ip ?? ""
        if let delay = self.loop.unknownKeyDelay(for: address) {
            next(.refused(.tooManyUnknownKeys(retryAfter: delay)))
            return
        }
        let waiting = LoopBoundCallback(self.loop.eventLoop) { (resolution: KeyResolution) in
            guard !self.isOver else { return }
            next(self.verdict(of: resolution, for: route))
        }
        if let resolution = resources.loader.resolve(hash, { waiting.call($0) }) {
            next(self.verdict(of: resolution, for: route))
        }
    }

    private func verdict(of resolution: KeyResolution, for route: LoopRoute) -> Verdict {
        switch resolution {
        case .unavailable: return .refused(.keyStoreUnavailable)
        case .unknown:
            self.loop.unknownKeyPresented(by: self.client?.ip ?? "")
            return .refused(.unknownKey)
        case .known(let key):
            let verdict = Verdict(of: key.record, requiring: route.rule.permissions, at: self.time)
            // A refused key still is whose request it was; only ids go to the log.
            self.key = key
            return verdict
        }
    }
}
