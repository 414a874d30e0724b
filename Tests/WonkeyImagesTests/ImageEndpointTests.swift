import Foundation
import Support
import Testing
import WonkeyCore
import WonkeyCurl
import WonkeyHTTP

@testable import WonkeyImages

@Suite(.timeLimit(.minutes(1)))
struct ImageEndpointTests {
    @Test(
        "without storage the image comes back as a data URL, described as it is",
        arguments: [
            ("gemini-nano-banana-2.1", "/v1beta/models/gemini-nano-banana-2.1:generateContent"),
            ("imagen-3.0-generate-002", "/v1beta/models/imagen-3.0-generate-002:predict"),
        ]
    )
    func dataURL(model: String, target: String) async throws {
        let image = StandInImage.jpeg(width: 300, height: 200)
        let reply = model.hasPrefix("imagen-") ? GeminiStandIn.prediction(image) : GeminiStandIn.image(image)
        try await EndpointHarness.run(script: [reply]) { harness in
            harness.settings.provider.modelID = model
            let answer = await harness.answer(#"{"prompt":"a \"cat\"","style":"artistic"}"#)
            #expect(answer.summary == "200 - 1 none")
            #expect(answer.contentType == "application/json")
            let json = answer.json
            #expect(
                json["id"]?.text?.wholeMatch(
                    of: /gen_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
                ) != nil
            )
            #expect(json["url"]?.text == "data:image/jpeg;base64," + Data(image).base64EncodedString())
            #expect(json["prompt"]?.text == "a \"cat\"")
            #expect(json["created_at"]?.text.flatMap { Timestamp(rfc3339: $0) } != nil)
            #expect(json["model"]?.text == model)
            #expect([json["width"], json["height"]] == [.integer(300), .integer(200)])
            let call = try #require(harness.gemini.calls.first)
            #expect(harness.gemini.calls.count == 1)
            #expect(call.target == target)
            #expect(call.header("x-server-timeout") == "20")
            let styled = #"a \"cat\"\u000a\u000aStyle: a painterly illustration"#
            #expect(String(decoding: call.body, as: UTF8.self).contains(styled))
        }
    }

    @Test("an image is stored under a random key and its public URL returned")
    func publicURL() async throws {
        try await EndpointHarness.run { harness in
            harness.settings.storage = harness.storage()
            let answer = await harness.answer()
            #expect(answer.summary == "200 - 1 none")
            let url = try #require(answer.json["url"]?.text)
            #expect(url.wholeMatch(of: /https:\/\/img\.example\.com\/images\/gen_[0-9a-f]{32}\.png/) != nil)
            let key = url.dropFirst("https://img.example.com/".count)
            let stored = ObjectStoreStandIn.Object(
                contentType: "image/png",
                cacheControl: "public, max-age=31536000, immutable",
                body: StandInImage.png(width: 1024, height: 1024)
            )
            #expect(harness.store.objects == ["/pictures/\(key)": stored])
            let hex = (answer.json["id"]?.text ?? "").replacing("-", with: "")
            #expect(key == "images/\(hex).png")
        }
    }

    @Test("a presigned URL fetches the image from the store; changed, it does not")
    func presignedURL() async throws {
        try await EndpointHarness.run { harness in
            harness.settings.storage = harness.storage(.presigned(validity: .seconds(60)))
            let url = try #require(await harness.answer().json["url"]?.text)
            let response = try await harness.client.send(ServiceRequest(method: "GET", url: url, timeout: .seconds(10)))
            #expect(response.status == 200)
            #expect(response.body == StandInImage.png(width: 1024, height: 1024))
            let forged = url.replacing("X-Amz-Expires=60", with: "X-Amz-Expires=600")
            let refused = try await harness.client.send(
                ServiceRequest(method: "GET", url: forged, timeout: .seconds(10))
            )
            #expect(refused.status == 403)
        }
    }

    @Test("a large image passes whole")
    func largeImage() async throws {
        let image = StandInImage.png(width: 4096, height: 4096, byteCount: 4 << 20)
        try await EndpointHarness.run(script: [GeminiStandIn.image(image)]) { harness in
            harness.settings.storage = harness.storage()
            #expect(await harness.answer().summary == "200 - 1 none")
            #expect(harness.store.objects.values.first?.body == image)
        }
    }

    @Test(
        "passing faults of the store are retried, the provider is not asked again",
        arguments: [
            StandInServer.Reply.answer(status: 503), .answer(status: 500), .answer(status: 429), .close, .reset,
        ]
    )
    func storeRetry(fault: StandInServer.Reply) async throws {
        try await EndpointHarness.run(storeFaults: [fault, fault]) { harness in
            harness.settings.storage = harness.storage()
            #expect(await harness.answer().summary == "200 - 1 none")
            #expect(harness.store.server.requests.count == 3)
            #expect(harness.store.objects.count == 1)
            #expect(harness.gemini.calls.count == 1)
        }
    }

    @Test("a store that keeps failing is given up after the attempts allowed")
    func storeDown() async throws {
        try await EndpointHarness.run(storeFaults: Array(repeating: .answer(status: 503), count: 9)) { harness in
            harness.settings.storage = harness.storage()
            #expect(await harness.answer().summary == "502 storage_error 0 upstream")
            #expect(harness.store.server.requests.count == 3)
            #expect(harness.gemini.calls.count == 1)
        }
    }

    @Test("a store that refuses is asked once; the policy decides between an error and a data URL")
    func storeRefuses() async throws {
        try await EndpointHarness.run { harness in
            var storage = harness.storage()
            storage.secretAccessKey = Secret("another secret")
            harness.settings.storage = storage
            let answer = await harness.answer()
            #expect(answer.summary == "502 storage_error 0 upstream")
            #expect(harness.store.server.requests.count == 1)
            #expect(harness.store.refusals.count == 1)
            #expect(harness.log.text.contains("the store answered 403 SignatureDoesNotMatch"))
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("127.0.0.1"))

            storage.onFailure = .dataURL
            harness.settings.storage = storage
            let second = await harness.answer()
            #expect(second.summary == "200 - 1 none")
            #expect(second.json["url"]?.text?.hasPrefix("data:image/png;base64,") == true)
        }
    }

    @Test(
        "faults of the provider become the mapped answers, after one call and no more",
        arguments: [
            (GeminiStandIn.error(400, status: "INVALID_ARGUMENT"), "502 provider_rejected_request 0 proxy"),
            (GeminiStandIn.error(400, status: "FAILED_PRECONDITION"), "502 provider_account 0 proxy"),
            (
                GeminiStandIn.error(400, status: "INVALID_ARGUMENT", message: "blocked by the safety filter threshold"),
                "422 prompt_rejected 0 downstream"
            ),
            (GeminiStandIn.error(403, status: "PERMISSION_DENIED"), "502 provider_auth 0 proxy"),
            (GeminiStandIn.error(404, status: "NOT_FOUND"), "502 provider_model_unavailable 0 proxy"),
            (GeminiStandIn.error(429, status: "RESOURCE_EXHAUSTED"), "429 provider_quota 0 upstream retry 30"),
            (GeminiStandIn.error(500, status: "INTERNAL"), "502 provider_error 0 upstream"),
            (GeminiStandIn.error(503, status: "UNAVAILABLE"), "503 provider_unavailable 0 upstream retry 5"),
            (GeminiStandIn.error(504, status: "DEADLINE_EXCEEDED"), "504 provider_timeout 0 upstream"),
            (
                GeminiStandIn.json(200, #"{"candidates":[{"finishReason":"IMAGE_SAFETY"}]}"#),
                "422 prompt_rejected 0 downstream"
            ),
            (GeminiStandIn.json(200, #"{"candidates":[{"finishReason":"NO_IMAGE"}]}"#), "422 no_image 0 downstream"),
            (GeminiStandIn.json(200, "{}"), "502 provider_bad_response 0 upstream"),
            (
                GeminiStandIn.json(200, #"{"candidates":[{"finishReason":"PUP_LIMITED_DISABLED"}]}"#),
                "502 provider_account 0 proxy"
            ),
            (.answer(status: 200, body: Array("<html>".utf8)), "502 provider_error 0 upstream"),
            (.answer(status: 302, headers: [("location", "/")]), "502 provider_error 0 upstream"),
            (GeminiStandIn.image(Array("GIF89a".utf8)), "502 provider_error 0 upstream"),
            (.close, "502 provider_unreachable 0 upstream"), (.reset, "502 provider_unreachable 0 upstream"),
            (.raw(Array("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".utf8)), "502 provider_unreachable 0 upstream"),
        ]
    )
    func providerFaults(reply: StandInServer.Reply, expected: String) async throws {
        try await EndpointHarness.run(script: [reply]) { harness in
            harness.settings.storage = harness.storage()
            let answer = await harness.answer()
            #expect(answer.summary == expected)
            #expect(answer.contentType == "application/problem+json")
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("stand-in upstream message"))
            #expect(harness.gemini.calls.count == 1)
            #expect(harness.store.server.requests.isEmpty)
        }
    }

    @Test("a pooled connection that dies does not make the provider draw twice")
    func pooledConnection() async throws {
        try await EndpointHarness.run(script: [GeminiStandIn.image(), .close, GeminiStandIn.image()]) { harness in
            #expect(await harness.answer().summary == "200 - 1 none")
            #expect(await harness.answer().summary == "502 provider_unreachable 0 upstream")
            #expect(harness.gemini.calls.map(\.connection) == [1, 1])
        }
    }

    @Test("a wrong key is the operator's fault, told to the log and not to the caller")
    func wrongKey() async throws {
        try await EndpointHarness.run { harness in
            harness.settings.provider.apiKey = Secret("wrong-secret")
            let answer = await harness.answer()
            #expect(answer.summary == "502 provider_auth 0 proxy")
            #expect(harness.log.text.contains("API key not valid"))
            #expect(harness.log.text.hasPrefix("warning: "))
            #expect(!harness.log.text.contains("wrong-secret"))
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("API key not valid"))
        }
    }

    @Test("without a key, and with a bad body, the provider is never asked")
    func notAsked() async throws {
        try await EndpointHarness.run { harness in
            #expect(
                await harness.answer(contentType: "text/plain").summary == "415 unsupported_media_type 0 downstream"
            )
            let invalid = await harness.answer(#"{"size":"1x1","extra":1}"#)
            #expect(invalid.summary == "422 invalid_request 0 downstream")
            #expect(invalid.json["errors"]?.elements.compactMap { $0["field"]?.text } == ["extra", "prompt", "size"])
            harness.settings.provider.apiKey = nil
            #expect(await harness.answer().summary == "503 provider_not_configured 0 proxy")
            #expect(await harness.answer("{").summary == "422 invalid_request 0 downstream")
            #expect(harness.gemini.calls.isEmpty)
        }
    }

    @Test("a silent provider is given up at the deadline")
    func deadline() async throws {
        try await EndpointHarness.run(script: [.hold]) { harness in
            // Time enough for the request to arrive on a busy machine.
            harness.settings.provider.timeout = .seconds(2)
            #expect(await harness.answer().summary == "504 provider_timeout 0 upstream")
            #expect(harness.gemini.calls.count == 1)
            await harness.gemini.server.wait { $0.connectionsClosed == 1 }
        }
    }

    @Test("an unreachable provider is told apart")
    func unreachable() async throws {
        try await EndpointHarness.run { harness in
            harness.settings.provider.baseURL = try await StandInServer.unusedURL()
            #expect(await harness.answer().summary == "502 provider_unreachable 0 upstream")
        }
    }

    @Test("an answer above the size limit is an error")
    func tooLarge() async throws {
        let image = StandInImage.png(width: 1, height: 1, byteCount: 10_000)
        try await EndpointHarness.run(script: [GeminiStandIn.image(image)]) { harness in
            harness.settings.provider.responseBytesMax = 10_000
            #expect(await harness.answer().summary == "502 provider_error 0 upstream")
        }
    }

    @Test("a cancelled request ends the provider's call")
    func cancellation() async throws {
        try await EndpointHarness.run(script: [.hold]) { harness in
            let gemini = harness.gemini
            let running = harness
            let summary = await withTaskGroup(of: String.self) { group in
                group.addTask { await running.answer().summary }
                await gemini.server.wait { $0.requests.count == 1 }
                group.cancelAll()
                return await group.next()
            }
            #expect(summary == "499 client_closed_request 0 downstream")
            await gemini.server.wait { $0.connectionsClosed == 1 }
            #expect(gemini.calls.count == 1)
        }
    }

    @Test("a model on its way out is warned about")
    func retiringModel() async throws {
        let reply = GeminiStandIn.json(200, #"{"modelStatus":{"modelStage":"LEGACY"},"candidates":[]}"#)
        try await EndpointHarness.run(script: [reply]) { harness in
            _ = await harness.answer()
            #expect(harness.log.text.contains("warning: the image model is being retired: choose another"))
        }
    }
}
