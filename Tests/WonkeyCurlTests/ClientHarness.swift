import Support
import WonkeyCore
import WonkeyCurl

/// Runs `body` with a client and the stand-in it talks to, and ends both.
func withClient(
    _ settings: CurlServiceClientSettings = .init(),
    reply: @escaping @Sendable (StandInServer.Request) -> StandInServer.Reply,
    _ body: (CurlServiceClient, StandInServer) async throws -> Void
) async throws {
    let server = try await StandInServer.start(reply: reply)
    let client = try CurlServiceClient(settings)
    let result: Result<Void, any Error>
    do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
    client.shutdown()
    await server.shutdown()
    try result.get()
}

extension CurlServiceClient {
    /// The code a call fails with, or `nil` if it succeeds.
    func failure(_ request: ServiceRequest) async -> ServiceError.Code? {
        do throws(ServiceError) {
            _ = try await self.send(request)
            return nil
        } catch {
            return error.code
        }
    }
}
