import NIOCore
package import WonkeyCore

/// Answers kept in Redis, each under one key that Redis forgets when its time is over.
extension RedisCounterStore: ReplayStore {
    package func claim(
        _ claim: ReplayClaim,
        _ completion: @escaping (Result<ReplayEntry?, CounterStoreError>) -> Void
    ) {
        let isSent = self.send(.claim(claim, completion))
        if !isSent { completion(.failure(CounterStoreError(code: .unavailable, message: "not connected"))) }
    }

    package func settle(_ claim: ReplayClaim, _ change: ReplayChange, _ completion: @escaping (Bool) -> Void) {
        if !self.send(.settleClaim(claim, change, completion)) { completion(false) }
    }

    /// Takes the answer to one of the calls above.
    func replayAnswered(_ connection: RedisConnection, _ call: RedisCall, _ reply: RedisReply) {
        if case .error(let text) = reply {
            let error = RedisError(text)
            if error.isUnknownScript, !call.isRepeated {
                var repeated = call
                repeated.isRepeated = true
                return self.write(repeated, on: connection)
            }
            if error.endsConnection { connection.end(.refused("\(error)")) }
            return self.replayFailed(call, CounterStoreError(code: .unavailable, message: "\(error)"))
        }
        switch call.purpose {
        case .claim(_, let completion):
            switch reply {
            case .null: completion(.success(nil))
            case .bulk(let bytes):
                if let entry = ReplayEntry(bytes: bytes) {
                    completion(.success(entry))
                } else {
                    completion(.failure(CounterStoreError(code: .malformedReply, message: "no entry")))
                }
            case .status, .error, .integer, .array:
                completion(.failure(CounterStoreError(code: .malformedReply, message: "no entry")))
            }
        case .settleClaim(_, _, let completion): completion(true)
        case .greeting, .take, .count, .sequel, .giveBack, .settle: break
        }
    }

    /// Ends a call that gets no usable answer.
    func replayFailed(_ call: RedisCall, _ error: CounterStoreError) {
        switch call.purpose {
        case .claim(_, let completion): completion(.failure(error))
        case .settleClaim(_, _, let completion): completion(false)
        case .greeting, .take, .count, .sequel, .giveBack, .settle: break
        }
    }

    private func write(_ call: RedisCall, on connection: RedisConnection) {
        connection.send(call) { buffer in
            switch call.purpose {
            case .claim(let claim, _):
                self.begin(.claim, values: 2, claim, call, in: &buffer)
                RedisCommand.append(bytes: Self.running(claim), to: &buffer)
                RedisCommand.append(Int(max(1, claim.lease.milliseconds)), to: &buffer)
            case .settleClaim(let claim, let change, _):
                self.begin(.settleClaim, values: 3, claim, call, in: &buffer)
                RedisCommand.append(bytes: Self.running(claim), to: &buffer)
                switch change {
                case .renew:
                    RedisCommand.append(Int(max(1, claim.lease.milliseconds)), to: &buffer)
                    RedisCommand.append(bytes: Self.running(claim), to: &buffer)
                case .abandon:
                    RedisCommand.append(0, to: &buffer)
                    RedisCommand.append("", to: &buffer)
                case .keep(let state, let duration):
                    let entry = ReplayEntry(fingerprint: claim.fingerprint, state: state)
                    RedisCommand.append(Int(max(1, duration.milliseconds)), to: &buffer)
                    RedisCommand.append(bytes: entry.bytes, to: &buffer)
                }
            case .greeting, .take, .count, .sequel, .giveBack, .settle: break
            }
        }
    }

    private func send(_ purpose: RedisCall.Purpose) -> Bool {
        guard let (connection, call) = self.prepare(purpose) else { return false }
        self.write(call, on: connection)
        return true
    }

    private func begin(
        _ script: LimitScript,
        values: Int,
        _ claim: ReplayClaim,
        _ call: RedisCall,
        in buffer: inout ByteBuffer
    ) {
        let digest = call.isRepeated ? nil : self.digests[script]
        RedisCommand.begin(4 + values, in: &buffer)
        RedisCommand.append(digest == nil ? "EVAL" : "EVALSHA", to: &buffer)
        RedisCommand.append(digest ?? script.source, to: &buffer)
        RedisCommand.append(1, to: &buffer)
        RedisCommand.append(claim.entry, to: &buffer)
    }

    private static func running(_ claim: ReplayClaim) -> [UInt8] {
        ReplayEntry(fingerprint: claim.fingerprint, state: .running(token: claim.token)).bytes
    }
}
