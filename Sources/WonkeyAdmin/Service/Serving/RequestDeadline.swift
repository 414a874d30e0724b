/// Breaks off a handler that takes too long.
struct RequestDeadline: Sendable {
    /// At most so long.
    let limit: Duration

    private enum Event {
        case finished(Result<Reply, any Error>)
        case timeIsUp
    }

    /// Runs an endpoint and cancels it when its time is up.
    ///
    /// The answer waits until the handler has noticed: every port that handlers use ends at once when its caller is
    /// cancelled, or has a shorter deadline of its own. What was carried out in spite of all is answered as such.
    ///
    /// - Parameters:
    ///   - endpoint: What to run.
    ///   - request: The checked request.
    /// - Returns: The endpoint's answer.
    /// - Throws: What the endpoint throws; ``Problem`` 503 if its time was up.
    func run(_ endpoint: Endpoint, on request: EndpointRequest) async throws -> Reply {
        let result = await withTaskGroup(of: Event.self) { group -> Result<Reply, any Error>? in
            group.addTask {
                do { return .finished(.success(try await endpoint.run(request))) } catch {
                    return .finished(.failure(error))
                }
            }
            group.addTask {
                // Cancelled as soon as the handler is done.
                try? await Task.sleep(for: self.limit)
                return .timeIsUp
            }
            if case .finished(let result)? = await group.next() {
                group.cancelAll()
                return result
            }
            group.cancelAll()
            if case .finished(.success(let reply))? = await group.next() { return .success(reply) }
            return nil
        }
        guard let result else {
            throw Problem.unavailable("This took too long and was broken off. Try again soon.")
        }
        return try result.get()
    }
}
