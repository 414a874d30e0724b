import Support
import Testing
import WonkeyCore
import WonkeyCurl

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    private func call(_ settings: CurlServiceClientSettings, _ url: String) async throws -> Result<Int, ServiceError> {
        let client = try CurlServiceClient(settings)
        defer { client.shutdown() }
        do throws(ServiceError) {
            let request = ServiceRequest(method: "POST", url: url, body: [1], timeout: .seconds(10))
            return .success(try await client.send(request).status)
        } catch {
            return .failure(error)
        }
    }

    @Test("a certificate nobody vouches for is refused before the request is sent; a configured authority is trusted")
    func verification() async throws {
        let server = try await StandInServer.start(tls: StandInCertificate.serverContext()) { _ in .answer(status: 200)
        }
        let untrusted = try await self.call(.init(), server.url)
        #expect(throws: ServiceError.self) { try untrusted.get() }
        #expect(server.requests.isEmpty)
        if case .failure(let error) = untrusted { #expect(error.code == .tls) }

        try await withTemporaryDirectory { directory in
            var settings = CurlServiceClientSettings()
            settings.certificateAuthorities = try StandInCertificate.write(to: directory)
            #expect(try await self.call(settings, server.url).get() == 200)
        }
        await server.shutdown()
    }

    @Test("a server that does not speak TLS is a TLS failure")
    func plaintext() async throws {
        let server = try await StandInServer.start { _ in .answer(status: 200) }
        let result = try await self.call(.init(), server.url.replacing("http:", with: "https:"))
        #expect(throws: ServiceError.self) { try result.get() }
        if case .failure(let error) = result { #expect(error.code == .tls) }
        await server.shutdown()
    }
}
