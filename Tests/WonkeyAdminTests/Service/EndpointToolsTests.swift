import HTTPTypes
import Testing
@testable import WonkeyAdmin
import WonkeyCore

@Suite("Endpoint tools")
struct EndpointToolsTests {
    @Test("base64url has no padding and is read back", arguments: [0, 1, 2, 3, 4, 5, 31, 32, 256])
    func base64(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 251) }
        let text = Base64URL.encode(bytes)
        #expect(text.wholeMatch(of: /[A-Za-z0-9_-]*/) != nil)
        #expect(text.utf8.count == (count * 4 + 2) / 3)
        #expect(Base64URL.decode(text) == bytes)
    }

    @Test(
        "what base64url never writes is refused",
        arguments: ["A", "AB", "AA==", "A+AA", "A/AA", "AAAAA", "ä", "AAB"]
    )
    func base64Faults(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test(
        "known values of base64url (RFC 4648)",
        arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foobar", "Zm9vYmFy")]
    )
    func base64Vectors(text: String, encoded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == encoded)
    }

    @Test("a cursor is read back, and nothing else is a cursor")
    func cursor() {
        let cursor = PageCursor("2026-11-21T09:42:40.123Z", "req_\"ä\n")
        #expect(PageCursor(text: cursor.text) == cursor)
        for text in [
            "", "x", Base64URL.encode(Array("{}".utf8)), Base64URL.encode(Array("[1]".utf8)), cursor.text + "A",
        ] {
            #expect(PageCursor(text: text) == nil)
        }
    }

    @Test(
        "If-Match is a star or one strong tag of ours",
        arguments: [
            ("*", .success(nil)), ("\"3\"", .success(3)), ("\"0\"", .success(0)),
            ("W/\"3\"", .failure(412)), ("\"abc\"", .failure(412)), ("\"\"", .failure(412)), ("\"-1\"", .failure(412)),
            ("3", .failure(422)), ("\"1\", \"2\"", .failure(422)), ("", .failure(422)), ("\"", .failure(422)),
        ] as [(String, Result<Int64?, Status>)]
    )
    func ifMatch(text: String, expected: Result<Int64?, Status>) {
        let result = Result<Int64?, Status> { () throws(Status) in
            do throws(Problem) {
                return try EntityTag.version(ifMatch: text)
            } catch {
                throw Status(integerLiteral: error.status)
            }
        }
        #expect(result == expected)
    }

    struct Status: Error, Equatable, ExpressibleByIntegerLiteral {
        var value: Int

        init(integerLiteral value: Int) { self.value = value }
    }

    @Test(
        "every operation error has its problem, and the store's own words stay inside",
        arguments: [
            (OperationError.Code.invalidInput, 422), (.notFound, 404), (.conflict, 409), (.unauthenticated, 401),
            (.forbidden, 403), (.outdated, 412), (.rateLimited, 429), (.schemaBehind, 503),
            (.storeUnavailable, 503), (.storeDenied, 500),
        ]
    )
    func operationErrors(code: OperationError.Code, status: Int) {
        let problem = Problem(
            OperationError(
                code: code,
                message: "it is so",
                field: "name",
                detail: "disk on fire",
                retryAfter: .seconds(2)
            )
        )
        #expect(problem.status == status)
        #expect(!problem.json(requestID: "r").text.contains("fire"))
        #expect(problem.faults == (status == 422 ? [.init(field: "name", message: "it is so")] : []))
        #expect(problem.fields[.retryAfter] == (status == 429 ? "2" : status == 503 ? "1" : nil))
    }

    @Test("an error that is not ours is a failure without its words")
    func foreignErrors() {
        struct Odd: Error { var secret = "hunter2" }
        let problem = Problem(Odd())
        #expect(problem == .failure)
        #expect(!problem.json(requestID: "r").text.contains("hunter2"))
    }

    @Test("a problem document has its members in order, and errors for 422 alone")
    func document() {
        #expect(
            Problem.notFound("No key.").json(requestID: "01").text
                == #"{"type":"about:blank","title":"Not Found","status":404,"detail":"No key.","instance":"urn:wonkey:request:01"}"#
        )
        let invalid = Problem.invalid(field: "name", "is required").json(requestID: "01")
        #expect(invalid.text.hasSuffix(#""errors":[{"field":"name","message":"is required"}]}"#))
        #expect(Problem.schema.faults(in: invalid) == [])
    }
}
