import Foundation
import Support
import Testing

@Suite("Image generation, end to end", .temporaryDirectory)
struct ImageTests {
    /// What follows `images:` and `storage:` of a configuration.
    private struct Models {
        var gemini: String
        var model = "gemini-nano-banana-2.1"
        var apiKey = "stand-in-key"
        var timeout = "5s"
        var storage: String?
        var url = "public"
    }

    private func deployment(_ models: Models, imageLimit: Int = 100) async throws -> Deployment {
        let credentials = ObjectStoreStandIn.Credentials()
        let storage = models.storage.map { endpoint in
            """
            storage:
              r2:
                endpoint: "\(endpoint)"
                bucket: \(credentials.bucket)
                access_key_id: \(credentials.accessKeyID)
                secret_access_key: "\(credentials.secretAccessKey)"
                public_base_url: "https://img.example.com"
                url: \(models.url)
            """
        }
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            environment: ["GOOGLE_API_KEY": models.apiKey],
            """
            counters: {url: "memory:"}
            limits:
              images: {algorithm: fixed-window, limit: \(imageLimit), window: 1h, by: key, unit: images}
            images:
              banana:
                provider: gemini
                model: \(models.model)
                base_url: "\(models.gemini)"
                api_key: ${GOOGLE_API_KEY:-}
                timeout: \(models.timeout)
                \(storage == nil ? "" : "storage: r2")
            \(storage ?? "")
            routes:
              - {name: generate, match: {path: /v1/generate, methods: [POST]}, generate: banana, limits: [images]}
            """
        )
    }

    private let prompt = Array(#"{"prompt":"a banana"}"#.utf8)

    private func generate(_ client: TestClient, _ key: IssuedKey, _ body: [UInt8]? = nil) async throws -> TestResponse {
        try await client.send(
            "POST",
            "/v1/generate",
            headers: key.headers + [("Content-Type", "application/json")],
            body: body ?? self.prompt
        )
    }

    private func member(_ name: String, of answer: TestResponse) throws -> String? {
        let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return object?[name] as? String
    }

    @Test("an image is drawn once, stored, counted, and limited in images")
    func wholeFlow() async throws {
        let gemini = try await GeminiStandIn.start()
        let store = try await ObjectStoreStandIn.start()
        let deployment = try await self.deployment(Models(gemini: gemini.url, storage: store.url), imageLimit: 2)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let unsigned = try await client.send("POST", "/v1/generate", body: self.prompt)
                #expect(unsigned.status == 401)
                for expected in [200, 200, 429] {
                    let answer = try await self.generate(client, key)
                    #expect(answer.status == expected)
                    guard expected == 200 else { continue }
                    #expect(try self.member("id", of: answer)?.hasPrefix("gen_") == true)
                    #expect(try self.member("prompt", of: answer) == "a banana")
                    #expect(try self.member("created_at", of: answer) != nil)
                    let url = try #require(try self.member("url", of: answer))
                    #expect(url.hasPrefix("https://img.example.com/"))
                    let path = "/pictures/" + url.dropFirst("https://img.example.com/".count)
                    #expect(store.objects[path]?.contentType == "image/png")
                }
            }
        }
        #expect(gemini.calls.count == 2)
        #expect(store.refusals == [])
        let usage = try await deployment.admin("--output", "json", "usage", "--project", "shop")
        #expect(usage.replacingOccurrences(of: " ", with: "").contains(#""images":2"#))
        await gemini.shutdown()
        await store.shutdown()
    }

    @Test("every failure is told apart, costs no image, and asks the provider once")
    func failures() async throws {
        let rows: [(StandInServer.Reply, Int, String)] = [
            (GeminiStandIn.error(400, status: "INVALID_ARGUMENT", message: "odd"), 502, "provider_rejected_request"),
            (GeminiStandIn.error(403, status: "PERMISSION_DENIED", message: "no"), 502, "provider_auth"),
            (GeminiStandIn.error(404, status: "NOT_FOUND", message: "gone"), 502, "provider_model_unavailable"),
            (GeminiStandIn.error(429, status: "RESOURCE_EXHAUSTED", message: "slow"), 429, "provider_quota"),
            (GeminiStandIn.error(500, status: "INTERNAL", message: "oops"), 502, "provider_error"),
            (GeminiStandIn.error(503, status: "UNAVAILABLE", message: "busy"), 503, "provider_unavailable"),
            (GeminiStandIn.error(504, status: "DEADLINE_EXCEEDED", message: "late"), 504, "provider_timeout"),
            (.answer(status: 200, body: Array("<html>".utf8)), 502, "provider_error"),
            (
                .answer(status: 200, body: Array(#"{"promptFeedback":{"blockReason":"SAFETY"}}"#.utf8)), 422,
                "prompt_rejected"
            ),
            (.close, 502, "provider_unreachable"),
            (.reset, 502, "provider_unreachable"),
            (.hold, 504, "provider_timeout"),
        ]
        let gemini = try await GeminiStandIn.start(script: rows.map(\.0) + [GeminiStandIn.image()])
        let deployment = try await self.deployment(Models(gemini: gemini.url, timeout: "4s"), imageLimit: 1)
        let key = try await deployment.issueKey()
        let outcomes = try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for (_, status, code) in rows {
                    let answer = try await self.generate(client, key)
                    #expect(answer.status == status)
                    #expect(try self.member("code", of: answer) == code)
                }
                let invalid = try await self.generate(client, key, Array(#"{"size":"1x1"}"#.utf8))
                #expect(invalid.status == 422)
                #expect(gemini.calls.count == rows.count)
                // Had one of them cost an image, the limit of one would be used up.
                #expect(try await self.generate(client, key).status == 200)
                #expect(try await self.generate(client, key).status == 429)
            }
        }
        #expect(gemini.calls.count == rows.count + 1)
        #expect(!outcomes[0].standardError.contains("stand-in-key"))
        await gemini.shutdown()
    }

    @Test("without a Google key the answer is 503 and says so")
    func notConfigured() async throws {
        let gemini = try await GeminiStandIn.start()
        let deployment = try await self.deployment(Models(gemini: gemini.url, apiKey: ""))
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let answer = try await self.generate(client, key)
                #expect(answer.status == 503)
                #expect(try self.member("code", of: answer) == "provider_not_configured")
            }
        }
        #expect(gemini.calls.isEmpty)
        await gemini.shutdown()
    }

    @Test("Imagen is asked by :predict, and without storage the image comes as a data URL")
    func imagen() async throws {
        let gemini = try await GeminiStandIn.start(script: [GeminiStandIn.prediction()])
        let deployment = try await self.deployment(Models(gemini: gemini.url, model: "imagen-3.0-generate-002"))
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let answer = try await self.generate(client, key)
                #expect(answer.status == 200)
                #expect(try self.member("url", of: answer)?.hasPrefix("data:image/png;base64,") == true)
            }
        }
        #expect(gemini.calls.map(\.target) == ["/v1beta/models/imagen-3.0-generate-002:predict"])
        await gemini.shutdown()
    }

    @Test("a presigned URL opens the stored image")
    func presigned() async throws {
        let gemini = try await GeminiStandIn.start()
        let store = try await ObjectStoreStandIn.start()
        let deployment = try await self.deployment(Models(gemini: gemini.url, storage: store.url, url: "presigned"))
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let url = try await withTestClient(port: deployment.port) { client in
                let answer = try await self.generate(client, key)
                #expect(answer.status == 200)
                return try #require(try self.member("url", of: answer))
            }
            let components = try #require(URLComponents(string: url))
            let target = components.percentEncodedPath + "?" + (components.percentEncodedQuery ?? "")
            let image = try await withTestClient(port: try #require(components.port)) { client in
                try await client.send("GET", target, headers: [("Host", "127.0.0.1:\(components.port ?? 0)")])
            }
            #expect(image.status == 200)
            #expect(image.body == StandInImage.png(width: 1024, height: 1024))
        }
        await gemini.shutdown()
        await store.shutdown()
    }

    @Test("a client that leaves cancels the call to the provider and costs no image")
    func cancelled() async throws {
        let gemini = try await GeminiStandIn.start(script: [.hold, GeminiStandIn.image()])
        let deployment = try await self.deployment(Models(gemini: gemini.url, timeout: "1m"), imageLimit: 1)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let leaving = Task {
                try await withTestClient(port: deployment.port) { try await self.generate($0, key) }
            }
            await gemini.server.wait { $0.requests.count == 1 }
            leaving.cancel()
            await gemini.server.wait { $0.connectionsClosed == 1 }
            try await withTestClient(port: deployment.port) { client in
                try await eventually("given back") { try await self.generate(client, key).status == 200 }
            }
        }
        await gemini.shutdown()
    }
}
