import Testing
import WonkeyCore

@testable import WonkeyImages

struct ProviderRequestTests {
    private func body(_ model: String, _ shape: ImageShape, _ style: ImageProviderSettings.ShapeStyle = .imageConfig)
        -> String
    {
        var settings = ImageProviderSettings(modelID: model, apiKey: nil)
        settings.shapeStyle = style
        return String(
            decoding: ProviderRequest(settings).body(prompt: "a \"cat\"", shape: shape).serialized,
            as: UTF8.self
        )
    }

    @Test("bodies name ratio and size only where they differ from the default")
    func bodies() {
        let standard = ImageShape(ratio: .square, tier: .oneK)
        let wide = ImageShape(ratio: .init(16, 9), tier: .twoK)
        #expect(
            self.body("imagen-3.0-generate-002", standard)
                == #"{"instances":[{"prompt":"a \"cat\""}],"parameters":{"sampleCount":1,"includeRaiReason":true,"#
                + #""outputOptions":{"mimeType":"image/png"}}}"#
        )
        #expect(
            self.body("imagen-4.0-generate-001", wide).hasSuffix(
                #","aspectRatio":"16:9","sampleImageSize":"2K"}}"#
            )
        )
        let start = #"{"contents":[{"role":"user","parts":[{"text":"a \"cat\""}]}],"#
        #expect(
            self.body("gemini-nano-banana-2.1", standard) == start
                + #""generationConfig":{"responseModalities":["IMAGE"]}}"#
        )
        #expect(
            self.body("gemini-nano-banana-2.1", wide)
                == start + #""generationConfig":{"responseModalities":["IMAGE"],"#
                + #""imageConfig":{"aspectRatio":"16:9","imageSize":"2K"}}}"#
        )
        #expect(
            self.body("gemini-nano-banana-2.1", wide, .responseFormat)
                == start + #""generationConfig":{"responseModalities":["IMAGE"],"#
                + #""responseFormat":{"image":{"aspectRatio":"16:9","imageSize":"2K"}}}}"#
        )
    }

    @Test("the key travels in a field, the deadline is announced in whole seconds, the URL holds no query")
    func call() {
        var settings = ImageProviderSettings(modelID: "gemini-nano-banana-2.1", apiKey: nil)
        settings.baseURL = "https://example.test/gateway/"
        settings.apiVersion = "v1"
        settings.timeout = .milliseconds(1_500)
        let request = ProviderRequest(settings).serviceRequest(
            prompt: "x",
            shape: .init(ratio: .square, tier: .oneK),
            key: Secret("k")
        )
        #expect(request.url == "https://example.test/gateway/v1/models/gemini-nano-banana-2.1:generateContent")
        #expect(
            request.headers.map { "\($0.name): \($0.value)" } == [
                "content-type: application/json", "user-agent: wonkey", "x-goog-api-key: k", "x-server-timeout: 2",
            ]
        )
        #expect(request.timeout == .milliseconds(1_500))
    }
}
