import WonkeyHTTP

/// What a caller asks for: `{"prompt": …, "size": "1024x1024", "style": "natural"}`.
struct ImageRequest: Equatable, Sendable {
    /// The caller's own text, which answers and logs repeat.
    var prompt: String
    var shape: ImageShape
    var style: String
}

/// Reads the body of an image request and finds all its faults at once.
struct ImageRequestReader {
    private static let sizeDefault = "1024x1024"
    /// Faults listed in one answer.
    private static let faultsMax = 20

    let model: ImageModel
    /// In the order offered; the first is the default.
    let styles: [String]
    let promptBytesMax: Int

    /// Reads and validates.
    ///
    /// - Throws: `unsupportedMediaType` or `invalidRequest` with every fault found.
    func read(body: [UInt8], contentType: String?) throws(ImageFailure) -> ImageRequest {
        guard Self.isJSON(contentType) else { throw ImageFailure(.unsupportedMediaType) }
        let members = try self.members(body)
        var faults = self.strangers(among: members)
        let prompt = self.read("prompt", members, default: nil, &faults) { text -> (String?, String?) in
            if text.utf8.count > self.promptBytesMax { return (nil, "must not exceed \(self.promptBytesMax) bytes") }
            return text.allSatisfy(\.isWhitespace) ? (nil, "must not be empty") : (text, nil)
        }
        let shape = self.read("size", members, default: Self.sizeDefault, &faults) { text -> (ImageShape?, String?) in
            let shape = self.model.shape(for: text)
            return (shape, shape == nil ? self.model.sizeExplanation : nil)
        }
        let style = self.read("style", members, default: self.styles.first, &faults) { text -> (String?, String?) in
            let isKnown = self.styles.contains(text)
            return isKnown ? (text, nil) : (nil, "must be one of " + self.styles.joined(separator: ", "))
        }
        guard faults.isEmpty, let prompt, let shape, let style else {
            throw ImageFailure(.invalidRequest, fieldFaults: Array(faults.prefix(Self.faultsMax)))
        }
        return ImageRequest(prompt: prompt, shape: shape, style: style)
    }

    private static func isJSON(_ contentType: String?) -> Bool {
        let essence = contentType?.prefix { $0 != ";" }.lowercased()
        return essence?.split { $0 == " " || $0 == "\t" } == ["application/json"]
    }

    private func members(_ body: [UInt8]) throws(ImageFailure) -> [JSON.Member] {
        let problem: String
        do throws(JSONSyntaxError) {
            if case .object(let members) = try JSON(json: body) { return members }
            problem = "must be a JSON object"
        } catch {
            problem = "is not valid JSON: \(error.message) at byte \(error.offset)"
        }
        throw ImageFailure(.invalidRequest, fieldFaults: [.init(field: "body", message: problem)])
    }

    /// Unknown and repeated members.
    private func strangers(among members: [JSON.Member]) -> [ImageFailure.FieldFault] {
        var seen: Set<String> = []
        return members.compactMap { member in
            let name = String(member.name.prefix(64))
            guard ["prompt", "size", "style"].contains(member.name) else {
                return .init(field: name, message: "is not a member of this request")
            }
            return seen.insert(member.name).inserted ? nil : .init(field: name, message: "is given more than once")
        }
    }

    private func read<Value>(
        _ field: String,
        _ members: [JSON.Member],
        default fallback: String?,
        _ faults: inout [ImageFailure.FieldFault],
        _ check: (String) -> (Value?, String?)
    ) -> Value? {
        let text: String
        switch members.first(where: { $0.name == field })?.value {
        case .some(let value):
            guard let given = value.text else {
                faults.append(.init(field: field, message: "must be a string in UTF-8"))
                return nil
            }
            text = given
        case nil:
            guard let fallback else {
                faults.append(.init(field: field, message: "is required"))
                return nil
            }
            text = fallback
        }
        let (value, problem) = check(text)
        if let problem { faults.append(.init(field: field, message: problem)) }
        return value
    }
}
