import Testing

@testable import WonkeyImages

struct SizeTests {
    @Test(
        "sizes map to the ratios and tiers of the reference",
        arguments: [
            ("gemini-nano-banana-2.1", "1024x1024", "1:1 1K"), ("gemini-nano-banana-2.1", "1792x1024", "16:9 2K"),
            ("gemini-nano-banana-2.1", "1920x1080", "16:9 2K"), ("gemini-nano-banana-2.1", "1280x720", "16:9 1K"),
            ("gemini-nano-banana-2.1", "1344x768", "16:9 1K"), ("gemini-nano-banana-2.1", "1376x768", "16:9 1K"),
            ("gemini-nano-banana-2.1", "1024x1792", "9:16 2K"), ("gemini-nano-banana-2.1", "768x1376", "9:16 1K"),
            ("gemini-nano-banana-2.1", "1536x1024", "3:2 1K"), ("gemini-nano-banana-2.1", "1024x1536", "2:3 1K"),
            ("gemini-nano-banana-2.1", "1280x960", "4:3 1K"), ("gemini-nano-banana-2.1", "1024x768", "4:3 1K"),
            ("gemini-nano-banana-2.1", "768x1024", "3:4 1K"), ("gemini-nano-banana-2.1", "1584x672", "21:9 1K"),
            ("gemini-nano-banana-2.1", "3168x1344", "21:9 2K"), ("gemini-nano-banana-2.1", "512x512", "1:1 1K"),
            ("gemini-nano-banana-2.1", "4096x4096", "1:1 4K"), ("gemini-nano-banana-2.1", "1024x4096", "1:4 2K"),
            ("gemini-nano-banana-2.1", "21:9", "21:9 1K"), ("gemini-3.1-flash-image", "512x512", "1:1 512"),
            ("gemini-3.1-flash-image-preview", "8192x1024", "8:1 4K"),
            ("gemini-3.1-flash-lite-image", "4096x4096", "1:1 1K"),
            ("gemini-2.5-flash-image", "864x1184", "3:4 1K"), ("gemini-2.5-flash-image", "2048x2048", "1:1 1K"),
            ("gemini-3-pro-image", "2048x2048", "1:1 2K"), ("imagen-3.0-generate-002", "1280x896", "4:3 1K"),
            ("imagen-3.0-generate-002", "1408x768", "16:9 1K"), ("imagen-3.0-generate-002", "2048x2048", "1:1 1K"),
            ("imagen-4.0-ultra-generate-001", "4096x4096", "1:1 2K"),
            ("imagen-4.0-fast-generate-001", "2048x2048", "1:1 1K"),
        ]
    )
    func shapes(model: String, size: String, expected: String) {
        let shape = ImageModel(id: model).shape(for: size)
        #expect(shape.map { "\($0.ratio) \($0.tier.rawValue)" } == expected)
    }

    @Test(
        "sizes without counterpart are refused",
        arguments: [
            ("imagen-3.0-generate-002", "1536x1024"), ("imagen-4.0-generate-001", "21:9"),
            ("gemini-3-pro-image", "1024x4096"), ("gemini-nano-banana-2.1", "7:3"),
            ("gemini-nano-banana-2.1", "1100x1024"),
            ("gemini-nano-banana-2.1", "1024"), ("gemini-nano-banana-2.1", "1024X1024"),
            ("gemini-nano-banana-2.1", "+24x1024"),
            ("gemini-nano-banana-2.1", "9x9"), ("gemini-nano-banana-2.1", "100000x100000"),
            ("gemini-nano-banana-2.1", "00x00"), ("gemini-nano-banana-2.1", "1024x1024x1"),
            ("gemini-nano-banana-2.1", ""),
            ("gemini-nano-banana-2.1", "१०२४x१०२४"), ("gemini-nano-banana-2.1", "0:0"),
        ]
    )
    func refusedSizes(model: String, size: String) {
        #expect(ImageModel(id: model).shape(for: size) == nil)
    }

    @Test(
        "every native pixel size of every family maps to a ratio of that family at 1K",
        arguments: [
            "imagen-3.0-generate-002", "gemini-2.5-flash-image", "gemini-nano-banana-2.1",
        ]
    )
    func nativePixels(id: String) {
        let model = ImageModel(id: id)
        #expect(model.nativePixels.count >= 5)
        for (pixels, ratio) in model.nativePixels {
            #expect(model.shape(for: pixels.description) == ImageShape(ratio: ratio, tier: .oneK))
        }
    }

    @Test(
        "the call style follows the id",
        arguments: [
            ("imagen-3.0-generate-002", ProviderAPI.predict), ("gemini-nano-banana-2.1", .generateContent),
            ("imagenish", .generateContent),
        ]
    )
    func callStyle(id: String, api: ProviderAPI) {
        #expect(ProviderAPI(model: id) == api)
    }
}
