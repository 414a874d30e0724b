/// A requested size in the provider's terms.
package struct ImageShape: Hashable, Sendable {
    package var ratio: AspectRatio
    package var tier: ImageTier

    package init(ratio: AspectRatio, tier: ImageTier) {
        self.ratio = ratio
        self.tier = tier
    }
}

extension ImageModel {
    /// Pixels up to which a tier is enough.
    private static let oneKPixelsMax = 1_700_000
    private static let twoKPixelsMax = 6_800_000

    /// Maps `1024x1024` or a literal ratio such as `16:9` to what the model offers.
    ///
    /// Native pixel sizes, and two and four times them, are looked up; any other pair takes the nearest ratio by logarithmic
    /// distance if it is within 3 %.
    ///
    /// - Parameter size: `W x H` in 2–5 decimal digits each, or a ratio the model enumerates.
    /// - Returns: `nil` if the model has no counterpart; ``sizeExplanation`` says what it has.
    package func shape(for size: String) -> ImageShape? {
        if let ratio = AspectRatio(size) {
            return self.ratios.contains(ratio) ? ImageShape(ratio: ratio, tier: .oneK) : nil
        }
        guard let pixels = Self.pixels(size), let ratio = self.nativeRatio(pixels) ?? self.nearestRatio(pixels) else {
            return nil
        }
        return ImageShape(ratio: ratio, tier: self.tier(pixels))
    }

    /// What a size may be, for a refusal.
    package var sizeExplanation: String {
        "must be WIDTHxHEIGHT (2 to 5 digits each) with one of the aspect ratios "
            + self.ratios.map(\.description).joined(separator: ", ") + ", or such a ratio itself"
    }

    private static func pixels(_ size: String) -> PixelSize? {
        let parts = size.split(separator: "x", omittingEmptySubsequences: false)
        let isNumber: (Substring) -> Bool = {
            (2...5).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard parts.count == 2, parts.allSatisfy(isNumber), let width = Int(parts[0]), let height = Int(parts[1]),
            width > 0,
            height > 0
        else { return nil }
        return PixelSize(width, height)
    }

    private func nativeRatio(_ pixels: PixelSize) -> AspectRatio? {
        for factor in [1, 2, 4] where pixels.width % factor == 0 && pixels.height % factor == 0 {
            if let ratio = self.nativePixels[PixelSize(pixels.width / factor, pixels.height / factor)] { return ratio }
        }
        return nil
    }

    private func nearestRatio(_ pixels: PixelSize) -> AspectRatio? {
        // max(q, 1/q) orders like |log q|.
        let distances = self.ratios.map { ratio in
            let quotient = Double(pixels.width * ratio.height) / Double(pixels.height * ratio.width)
            return (ratio, max(quotient, 1 / quotient))
        }
        guard let (ratio, distance) = distances.min(by: { $0.1 < $1.1 }), distance <= 1.03 else { return nil }
        return ratio
    }

    private func tier(_ pixels: PixelSize) -> ImageTier {
        if pixels == PixelSize(512, 512), self.tiers.contains(.half) { return .half }
        let area = pixels.width * pixels.height
        if area > Self.twoKPixelsMax, self.tiers.contains(.fourK) { return .fourK }
        if area > Self.oneKPixelsMax, self.tiers.contains(.twoK) { return .twoK }
        return .oneK
    }
}
