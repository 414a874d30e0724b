import WonkeyCore

/// Makes the provider's requests: pure.
struct ProviderRequest {
    let settings: ImageProviderSettings
    let api: ProviderAPI

    init(_ settings: ImageProviderSettings) {
        self.settings = settings
        self.api = settings.api ?? ProviderAPI(model: settings.modelID)
    }

    /// The call for one image.
    ///
    /// - Parameters:
    ///   - prompt: With the style's text.
    ///   - shape: What the model offers for the requested size.
    ///   - key: The operator's API key.
    /// - Returns: A request to be sent once.
    func serviceRequest(prompt: String, shape: ImageShape, key: Secret) -> ServiceRequest {
        let verb =
            switch self.api {
            case .predict: "predict"
            case .generateContent: "generateContent"
            }
        var base = self.settings.baseURL[...]
        while base.last == "/" { base.removeLast() }
        let model = PercentEncoding.encode(self.settings.modelID)
        return ServiceRequest(
            method: "POST",
            url: "\(base)/\(self.settings.apiVersion)/models/\(model):\(verb)",
            headers: [
                ("content-type", "application/json"),
                ("user-agent", "wonkey"),
                ("x-goog-api-key", key.revealed),
                ("x-server-timeout", String(Self.wholeSeconds(self.settings.timeout))),
            ],
            body: self.body(prompt: prompt, shape: shape).serialized,
            timeout: self.settings.timeout,
            responseSizeMax: self.settings.responseBytesMax
        )
    }

    /// The body; ratio and tier are left out where they are the provider's default, since not every model takes them.
    func body(prompt: String, shape: ImageShape) -> JSON {
        switch self.api {
        case .predict: Self.predictBody(prompt, shape)
        case .generateContent: self.generateContentBody(prompt, shape)
        }
    }

    private static func predictBody(_ prompt: String, _ shape: ImageShape) -> JSON {
        let parameters: [JSON.Member] =
            [
                .init(name: "sampleCount", value: .integer(1)),
                .init(name: "includeRaiReason", value: .boolean(true)),
                .init(name: "outputOptions", value: .members(["mimeType": .text("image/png")])),
            ] + Self.shapeMembers(shape, sizeName: "sampleImageSize")
        return .members([
            "instances": .array([.members(["prompt": .text(prompt)])]), "parameters": .object(parameters),
        ])
    }

    private func generateContentBody(_ prompt: String, _ shape: ImageShape) -> JSON {
        var configuration: [JSON.Member] = [
            .init(name: "responseModalities", value: .array([.text("IMAGE")]))
        ]
        let members = Self.shapeMembers(shape, sizeName: "imageSize")
        if !members.isEmpty {
            switch self.settings.shapeStyle {
            case .imageConfig:
                configuration.append(.init(name: "imageConfig", value: .object(members)))
            case .responseFormat:
                configuration.append(.init(name: "responseFormat", value: .members(["image": .object(members)])))
            }
        }
        let parts = JSON.array([.members(["text": .text(prompt)])])
        return .members([
            "contents": .array([.members(["role": .text("user"), "parts": parts])]),
            "generationConfig": .object(configuration),
        ])
    }

    private static func shapeMembers(_ shape: ImageShape, sizeName: String) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if shape.ratio != .square {
            members.append(.init(name: "aspectRatio", value: .text(shape.ratio.description)))
        }
        if shape.tier != .oneK { members.append(.init(name: sizeName, value: .text(shape.tier.rawValue))) }
        return members
    }

    private static func wholeSeconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return max(1, attoseconds > 0 ? seconds + 1 : seconds)
    }
}
