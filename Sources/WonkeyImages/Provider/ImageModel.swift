/// How a provider's model is called.
package enum ProviderAPI: String, Hashable, Sendable, CaseIterable {
    /// `:predict`, the Imagen family.
    case predict
    /// `:generateContent`, the Gemini family.
    case generateContent = "generate-content"

    /// The rule where nothing is configured: ids that start with `imagen-` use `predict`, all others `generateContent`.
    package init(model: String) {
        self = model.hasPrefix("imagen-") ? .predict : .generateContent
    }
}

/// An aspect ratio as the provider enumerates it: `21:9` is not `7:3`.
package struct AspectRatio: Hashable, Sendable, CustomStringConvertible {
    package var width: Int
    package var height: Int

    package init(_ width: Int, _ height: Int) {
        self.width = width
        self.height = height
    }

    /// Reads `16:9`; `nil` for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let width = Self.number(parts[0]), let height = Self.number(parts[1]) else {
            return nil
        }
        self.init(width, height)
    }

    package static let square = AspectRatio(1, 1)

    package var description: String { "\(self.width):\(self.height)" }

    private static func number(_ text: Substring) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = Int(text),
            value > 0
        else { return nil }
        return value
    }
}

/// The resolution classes of the provider.
package enum ImageTier: String, Hashable, Sendable, CaseIterable {
    case half = "512"
    /// The default: never sent.
    case oneK = "1K"
    case twoK = "2K"
    case fourK = "4K"
}

/// Width and height in pixels.
package struct PixelSize: Hashable, Sendable, CustomStringConvertible {
    package var width: Int
    package var height: Int

    package init(_ width: Int, _ height: Int) {
        self.width = width
        self.height = height
    }

    package var description: String { "\(self.width)x\(self.height)" }
}

/// What an image model accepts: data, because the provider's list changes every few months.
package struct ImageModel: Equatable, Sendable {
    package var ratios: [AspectRatio]
    /// Always holds `.oneK`; a model with that one alone has no size field.
    package var tiers: [ImageTier]
    /// What the model draws at 1K, which is not exactly the ratio.
    package var nativePixels: [PixelSize: AspectRatio]

    package init(ratios: [AspectRatio], tiers: [ImageTier], nativePixels: [PixelSize: AspectRatio]) {
        self.ratios = ratios
        self.tiers = tiers
        self.nativePixels = nativePixels
    }

    /// The traits of a model by its id; the cautious set of its family where the id is not known.
    package init(id: String) {
        let api = ProviderAPI(model: id)
        self = Self.known.first { id.hasPrefix($0.prefix) }?.model ?? (api == .predict ? .imagen : .gemini)
    }
}

// MARK: The table

extension ImageModel {
    /// The first prefix that fits wins.
    private static let known: [(prefix: String, model: ImageModel)] = [
        ("imagen-4.0-fast-", .imagen),
        ("imagen-4.0-", .imagen.with(tiers: [.oneK, .twoK])),
        ("imagen-3.", .imagen),
        ("gemini-2.5-flash-image", Self(ratios: ten, tiers: [.oneK], nativePixels: gemini25Pixels)),
        ("gemini-3-pro-image", .gemini.with(tiers: [.oneK, .twoK, .fourK])),
        ("gemini-3.1-flash-lite-image", .gemini),
        ("gemini-3.1-flash-image", .gemini.with(ratios: fourteen, tiers: [.half, .oneK, .twoK, .fourK])),
        ("gemini-nano-banana-2.1", .gemini.with(ratios: fourteen, tiers: [.oneK, .twoK, .fourK])),
    ]

    private static let imagen = ImageModel(ratios: five, tiers: [.oneK], nativePixels: imagenPixels)
    private static let gemini = ImageModel(ratios: ten, tiers: [.oneK], nativePixels: gemini3Pixels)

    private func with(ratios: [AspectRatio]? = nil, tiers: [ImageTier]) -> ImageModel {
        ImageModel(ratios: ratios ?? self.ratios, tiers: tiers, nativePixels: self.nativePixels)
    }

    private static let five = [(1, 1), (3, 4), (4, 3), (9, 16), (16, 9)].map(AspectRatio.init)
    private static let ten =
        [(1, 1), (2, 3), (3, 2), (3, 4), (4, 3), (4, 5), (5, 4), (9, 16), (16, 9), (21, 9)].map(AspectRatio.init)
    private static let fourteen = ten + [(1, 4), (4, 1), (1, 8), (8, 1)].map(AspectRatio.init)

    private static let imagenPixels = pixels(
        zip(five, [(1024, 1024), (896, 1280), (1280, 896), (768, 1408), (1408, 768)])
    )
    private static let gemini25Pixels = pixels(
        zip(
            ten,
            [
                (1024, 1024), (832, 1248), (1248, 832), (864, 1184), (1184, 864), (896, 1152), (1152, 896), (768, 1344),
                (1344, 768), (1536, 672),
            ]
        )
    )
    private static let gemini3Pixels = pixels(
        zip(
            ten,
            [
                (1024, 1024), (848, 1264), (1264, 848), (896, 1200), (1200, 896), (928, 1152), (1152, 928), (768, 1376),
                (1376, 768), (1584, 672),
            ]
        )
    )

    private static func pixels(_ pairs: Zip2Sequence<[AspectRatio], [(Int, Int)]>) -> [PixelSize: AspectRatio] {
        Dictionary(uniqueKeysWithValues: pairs.map { (PixelSize($1.0, $1.1), $0) })
    }
}
