import Testing
import WonkeyHTTP

@testable import WonkeyImages

struct ImageRequestTests {
    private let reader = ImageRequestReader(
        model: ImageModel(id: "gemini-nano-banana-2.1"),
        styles: ["natural", "artistic"],
        promptBytesMax: 8192
    )

    private func read(_ body: String, _ type: String? = "application/json") -> Result<ImageRequest, ImageFailure> {
        do throws(ImageFailure) {
            return .success(try self.reader.read(body: Array(body.utf8), contentType: type))
        } catch {
            return .failure(error)
        }
    }

    @Test("what is not given takes its default")
    func defaults() {
        let expected = ImageRequest(prompt: "a cat", shape: .init(ratio: .square, tier: .oneK), style: "natural")
        #expect(self.read(#"{"prompt":"a cat"}"#) == .success(expected))
    }

    @Test("all members are read, the prompt as given")
    func members() {
        let expected = ImageRequest(
            prompt: " a \"cat\" 🐈\n",
            shape: .init(ratio: .init(16, 9), tier: .twoK),
            style: "artistic"
        )
        let body = #"{"style":"artistic","size":"1920x1080","prompt":" a \"cat\" \ud83d\udc08\n"}"#
        #expect(self.read(body, "Application/JSON; charset=utf-8") == .success(expected))
    }

    @Test("another content type is refused", arguments: [nil, "", "text/plain", "application/x-www-form-urlencoded"])
    func contentType(type: String?) {
        #expect(self.read(#"{"prompt":"a cat"}"#, type) == .failure(ImageFailure(.unsupportedMediaType)))
    }

    @Test(
        "every fault is found at once, with its field",
        arguments: [
            (#"{}"#, ["prompt: is required"]),
            (#"{"prompt":"  \n"}"#, ["prompt: must not be empty"]),
            (
                #"{"prompt":7,"size":null,"style":[]}"#,
                [
                    "prompt: must be a string in UTF-8", "size: must be a string in UTF-8",
                    "style: must be a string in UTF-8",
                ]
            ),
            (
                #"{"promt":"x","n":2}"#,
                ["promt: is not a member of this request", "n: is not a member of this request", "prompt: is required"]
            ),
            (#"{"prompt":"x","prompt":"y"}"#, ["prompt: is given more than once"]),
            (#"{"prompt":"x","style":"vivid"}"#, ["style: must be one of natural, artistic"]),
            (#"{"prompt":"x","size":"10x99"}"#, ["size: " + ImageModel(id: "gemini-nano-banana-2.1").sizeExplanation]),
            (#"[1]"#, ["body: must be a JSON object"]),
            (#"{"prompt":"x",}"#, ["body: is not valid JSON: expected \" at byte 14"]),
            ("", ["body: is not valid JSON: the text ends early at byte 0"]),
            ("{\"prompt\":\"" + String(repeating: "é", count: 4097) + "\"}", ["prompt: must not exceed 8192 bytes"]),
        ]
    )
    func faults(body: String, expected: [String]) throws {
        guard case .failure(let failure) = self.read(body) else {
            Issue.record("accepted")
            return
        }
        #expect(failure.code == .invalidRequest)
        #expect(failure.fieldFaults.map { "\($0.field): \($0.message)" } == expected)
    }
}

struct JSONTests {
    @Test("what is written reads back the same, repeated names included")
    func roundTrip() throws {
        let text = #"{"a":[1,-2.5e+3,true,false,null],"b\"\\\u0001":"é🐈\/\n","a":{},"d":[]}"#
        let value = try JSON(json: Array(text.utf8))
        #expect(value["b\"\\\u{1}"]?.text == "é🐈/\n")
        let written = value.serialized
        #expect(try JSON(json: written) == value)
    }

    @Test("a string without escapes is a slice of the text, UTF-8 or not")
    func slices() throws {
        let bytes: [UInt8] = [0x22, 0xFF, 0x61, 0x22]
        #expect(try JSON(json: bytes) == .string(bytes[1..<3]))
    }
}
