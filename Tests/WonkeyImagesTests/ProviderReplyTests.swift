import Support
import Testing
import WonkeyCore

@testable import WonkeyImages

/// The rows of the status mapping that can be told from the provider's answer.
struct ProviderReplyTests {
    /// One row: the answer, and `status code[ reason][ retry]` it becomes.
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var api: ProviderAPI = .generateContent
        var status = 200
        var headers: [(name: String, value: String)] = []
        var body: String
        var expected: String

        var testDescription: String { self.name }
    }

    private static func error(_ status: String, _ message: String = "m", _ details: String = "") -> String {
        #"{"error":{"code":1,"message":"\#(message)","status":"\#(status)","details":[\#(details)]}}"#
    }

    private static func finish(_ reason: String, parts: String = "") -> String {
        #"{"candidates":[{"content":{"role":"model","parts":[\#(parts)]},"finishReason":"\#(reason)","finishMessage":"x"}]}"#
    }

    private static let refusalRows =
        [
            "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "LANGUAGE", "ESCALATION", "MODEL_ARMOR",
            "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
        ].map { Row(name: $0, body: Self.finish($0), expected: "422 prompt_rejected \($0)") }

    private static let badResponseRows = [
        "MAX_TOKENS", "OTHER", "IMAGE_OTHER", "MALFORMED_RESPONSE", "SOMETHING_NEW", "STOP",
    ].map { Row(name: "\($0) without image", body: Self.finish($0), expected: "502 provider_bad_response") }

    private static let contentRows = [
        Row(
            name: "block reason",
            body: #"{"promptFeedback":{"blockReason":"IMAGE_SAFETY"}}"#,
            expected: "422 prompt_rejected IMAGE_SAFETY"
        ),
        Row(
            name: "block reason that is no constant",
            body: #"{"promptFeedback":{"blockReason":"see account 7"}}"#,
            expected: "422 prompt_rejected"
        ),
        Row(name: "NO_IMAGE", body: Self.finish("NO_IMAGE"), expected: "422 no_image NO_IMAGE"),
        Row(name: "text only", body: Self.finish("STOP", parts: #"{"text":"no"}"#), expected: "422 no_image"),
        Row(name: "no candidates", body: "{}", expected: "502 provider_bad_response"),
        Row(name: "empty candidates", body: #"{"candidates":[]}"#, expected: "502 provider_bad_response"),
        Row(name: "no content", body: #"{"candidates":[{}]}"#, expected: "502 provider_bad_response"),
        Row(name: "limited account", body: Self.finish("PUP_LIMITED_DISABLED"), expected: "502 provider_account"),
        Row(
            name: "bad base64",
            body: Self.finish("STOP", parts: #"{"inlineData":{"data":"iVBO*w0K"}}"#),
            expected: "502 provider_error"
        ),
        Row(
            name: "unpadded base64",
            body: Self.finish("STOP", parts: #"{"inlineData":{"data":"iVBORw0KGgo"}}"#),
            expected: "502 provider_error"
        ),
        Row(
            name: "unknown magic",
            body: Self.finish("STOP", parts: #"{"inlineData":{"data":"R0lGODlh"}}"#),
            expected: "502 provider_error"
        ),
        Row(
            name: "data is no string",
            body: Self.finish("STOP", parts: #"{"inlineData":{"data":7}}"#),
            expected: "502 provider_error"
        ),
        Row(
            name: "only a thought",
            body: Self.finish("STOP", parts: #"{"thought":true,"inlineData":{"data":"iVBORw0KGgo="}}"#),
            expected: "502 provider_bad_response"
        ),
        Row(name: "html", body: "<html>", expected: "502 provider_error"),
        Row(name: "cut json", body: #"{"candidates":[{"content""#, expected: "502 provider_error"),
        Row(
            name: "predict filtered",
            api: .predict,
            body: #"{"predictions":[{"raiFilteredReason":"x 123"}]}"#,
            expected: "422 prompt_rejected"
        ),
        Row(name: "predict empty", api: .predict, body: "{}", expected: "422 prompt_rejected"),
        Row(
            name: "predict safety block only",
            api: .predict,
            body: #"{"predictions":[{"contentType":"Positive Prompt"}]}"#,
            expected: "422 prompt_rejected"
        ),
        Row(
            name: "predict neither",
            api: .predict,
            body: #"{"predictions":[{}]}"#,
            expected: "502 provider_bad_response"
        ),
    ]

    private static let statusRows = [
        Row(
            name: "refused prompt",
            status: 400,
            body: Self.error("INVALID_ARGUMENT", "Image generation failed: the Prompt could not be submitted."),
            expected: "422 prompt_rejected"
        ),
        Row(
            name: "responsible ai",
            status: 400,
            body: Self.error("INVALID_ARGUMENT", "Google's Responsible AI practices"),
            expected: "422 prompt_rejected"
        ),
        Row(
            name: "bad key",
            status: 400,
            body: Self.error(
                "INVALID_ARGUMENT",
                "m",
                #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#
            ),
            expected: "502 provider_auth"
        ),
        Row(name: "billing", status: 400, body: Self.error("FAILED_PRECONDITION"), expected: "502 provider_account"),
        Row(
            name: "other 400",
            status: 400,
            body: Self.error("INVALID_ARGUMENT"),
            expected: "502 provider_rejected_request"
        ),
        Row(
            name: "wrapped in an array, string code",
            status: 400,
            body: #"[{"error":{"code":"invalid_request","message":"contains Sensitive Words"}}]"#,
            expected: "422 prompt_rejected"
        ),
        Row(name: "html 400", status: 400, body: "<html>", expected: "502 provider_rejected_request"),
        Row(name: "401", status: 401, body: Self.error("UNAUTHENTICATED"), expected: "502 provider_auth"),
        Row(name: "403", status: 403, body: Self.error("PERMISSION_DENIED"), expected: "502 provider_auth"),
        Row(name: "404", status: 404, body: Self.error("NOT_FOUND"), expected: "502 provider_model_unavailable"),
        Row(name: "413", status: 413, body: "", expected: "502 provider_rejected_request"),
        Row(name: "499", status: 499, body: Self.error("CANCELLED"), expected: "502 provider_error"),
        Row(name: "500", status: 500, body: Self.error("INTERNAL"), expected: "502 provider_error"),
        Row(name: "302", status: 302, body: "", expected: "502 provider_error"),
        Row(name: "204", status: 204, body: "", expected: "502 provider_error"),
        Row(name: "503", status: 503, body: Self.error("UNAVAILABLE"), expected: "503 provider_unavailable retry 5"),
        Row(
            name: "503 with field",
            status: 503,
            headers: [("retry-after", "12")],
            body: "",
            expected: "503 provider_unavailable retry 12"
        ),
        Row(
            name: "503 with long field",
            status: 503,
            headers: [("retry-after", "300")],
            body: "",
            expected: "503 provider_unavailable retry 30"
        ),
        Row(name: "504", status: 504, body: Self.error("DEADLINE_EXCEEDED"), expected: "504 provider_timeout"),
    ]

    private static func quota(
        _ name: String,
        _ details: [String],
        _ retry: Int,
        field: String? = nil,
        message: String = "m"
    )
        -> Row
    {
        Row(
            name: name,
            status: 429,
            headers: field.map { [("retry-after", $0)] } ?? [],
            body: Self.error("RESOURCE_EXHAUSTED", message, details.joined(separator: ",")),
            expected: "429 provider_quota retry \(retry)"
        )
    }

    private static func delay(_ text: String) -> String {
        #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#(text)"}"#
    }

    private static func violation(_ id: String) -> String {
        #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"\#(id)"}]}"#
    }

    private static let quotaRows = [
        Self.quota("delay, rounded up", [Self.delay("34.07s")], 35, field: "7"),
        Self.quota("delay in milliseconds", [Self.delay("500ms")], 1),
        Self.quota("delay above an hour", [Self.delay("51820.638305887s")], 3600),
        Self.quota("delay of a day's quota", [Self.violation("XPerDayY"), Self.delay("51820.638305887s")], 51821),
        Self.quota("delay above a day", [Self.violation("XPerDayY"), Self.delay("99999s")], 86_400),
        Self.quota("zero delay", [Self.delay("0s")], 1),
        Self.quota("field", [], 7, field: "7"),
        Self.quota("field that is a date", [], 30, field: "Fri, 31 Dec 1999 23:59:59 GMT"),
        Self.quota("phrase", [], 13, message: "Please retry in 12.5s."),
        Self.quota("per minute", [Self.violation("RequestsPerMinutePerProject")], 60),
        Self.quota("nothing said", [], 30),
        Self.quota("senseless delay", [Self.delay("soon")], 30),
    ]

    @Test(
        "every row of the status mapping",
        arguments: refusalRows + badResponseRows + contentRows + statusRows + quotaRows
    )
    func rows(row: Row) {
        let reader = ProviderReplyReader(api: row.api, refusalPhrases: ImageProviderSettings.standardRefusalPhrases)
        let reply = reader.read(ServiceResponse(status: row.status, headers: row.headers, body: Array(row.body.utf8)))
        guard case .failure(let failure) = reply.outcome else {
            Issue.record("an image was found")
            return
        }
        let retry = failure.retryAfterSeconds.map { " retry \($0)" } ?? ""
        let text = "\(failure.code.status) \(failure.code.rawValue)\(failure.reason.map { " \($0)" } ?? "")\(retry)"
        #expect(text == row.expected)
    }

    @Test(
        "calls that end without an answer",
        arguments: [
            (ServiceError.Code.unreachable, "502 provider_unreachable"), (.broken, "502 provider_unreachable"),
            (.tls, "502 provider_unreachable"), (.timedOut, "504 provider_timeout"),
            (.responseTooLarge, "502 provider_error"),
            (.invalidRequest, "502 provider_error"), (.cancelled, "499 client_closed_request"),
        ]
    )
    func errors(code: ServiceError.Code, expected: String) {
        let reader = ProviderReplyReader(api: .predict, refusalPhrases: [])
        let failure = reader.read(ServiceError(code: code, message: "m"))
        #expect("\(failure.code.status) \(failure.code.rawValue)" == expected)
    }

    @Test("the last image that is not a thought is taken, with escapes and the model's stage read")
    func lastImage() throws {
        func part(_ width: UInt32, thought: Bool = false) -> String {
            let data = ImageFile(StandInImage.png(width: width, height: 9))?.dataURL.split(separator: ",").last ?? ""
            return #"{"thought":\#(thought),"inlineData":{"data":"\#(data.replacing("/", with: #"\/"#))"}}"#
        }
        let body =
            #"{"modelStatus":{"modelStage":"DEPRECATED"},"candidates":[{"content":{"parts":["#
            + [part(1), #"{"text":"here"}"#, part(0xffff), part(3, thought: true)].joined(separator: ",") + "]}}]}"
        let reader = ProviderReplyReader(api: .generateContent, refusalPhrases: [])
        let reply = reader.read(ServiceResponse(status: 200, body: Array(body.utf8)))
        #expect(try reply.outcome.get().size == PixelSize(0xffff, 9))
        #expect(reply.isModelRetiring)
    }
}

struct ImageFileTests {
    @Test("format and dimensions come from the bytes")
    func dimensions() throws {
        let webp = Array("RIFF....WEBP".utf8)
        let lossy = webp + Array("VP8 ".utf8) + [0, 0, 0, 0, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x10, 0x00]
        let lossless = webp + Array("VP8L".utf8) + [0, 0, 0, 0, 0x2f, 0x0f, 0xc0, 0x07, 0x00]
        let extended = webp + Array("VP8X".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x03, 0x00, 0x00, 0x01, 0x00]
        let files = [
            StandInImage.png(width: 1376, height: 768), StandInImage.jpeg(width: 300, height: 200), lossy, lossless,
            extended,
            [0xff, 0xd8, 0xff], Array(StandInImage.png(width: 1, height: 1).prefix(20)),
        ].map { ImageFile($0).map { "\($0.format.contentType) \($0.size.map(\.description) ?? "?")" } }
        #expect(
            files == [
                "image/png 1376x768", "image/jpeg 300x200", "image/webp 640x16", "image/webp 16x32",
                "image/webp 1024x257",
                "image/jpeg ?", "image/png ?",
            ]
        )
        #expect(ImageFile(Array("GIF89a".utf8)) == nil)
        #expect(ImageFile([]) == nil)
    }

    @Test(
        "only standard base64 with padding is decoded",
        arguments: [
            ("aGVsbG8=", "hello"), ("aGVsbG8", nil), ("aGVs\nbG8=", nil), ("aGVs_G8=", nil), ("aGVsbG8==", nil),
            ("", nil),
        ]
    )
    func base64(text: String, expected: String?) {
        let bytes = ImageFile.decodeBase64(Array(text.utf8)[...])
        #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == expected)
    }
}
