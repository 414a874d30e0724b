internal import CCurl
import Crypto
import Support
import Testing
import WonkeyCore

@testable import WonkeyImages

struct RequestSignerTests {
    private static let time = Timestamp(rfc3339: "2026-01-28T12:34:56Z") ?? Timestamp(millisecondsSinceEpoch: 0)
    private static let path = "images/gen_8f14e45fceea467f9575a1c1c7f3d1b2.png"

    private let signer = RequestSigner(
        ObjectStorageSettings(
            endpoint: ObjectStorageSettings.r2Endpoint(accountID: "0123456789abcdef0123456789abcdef"),
            bucket: "bkt",
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            url: .publicBase("")
        )
    )

    @Test(
        "presigned URLs match the reference vectors",
        arguments: [
            (Self.path, 3600, "abc62681af6215c37ba788e4c2dd2f40b4ea53d97496849eb52f9e7f08a7a176"),
            ("images/a b(c)é.png", 604_800, "95c1cf2d9d28e67afbcfa7b4cb1b3899d25e6acdeda29ff4920e06a9ef514a6b"),
        ]
    )
    func presigned(key: String, seconds: Int, signature: String) {
        let url = self.signer.presignedURL(bucket: "bkt", key: key, validity: .seconds(seconds), at: Self.time)
        #expect(url.hasSuffix("&X-Amz-Signature=\(signature)"))
        #expect(url.hasPrefix("https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com/bkt/images/"))
    }

    @Test("a presigned URL lives from one second to seven days")
    func validity() {
        for (validity, seconds) in [(Duration.zero, 1), (.seconds(99), 99), (.seconds(9_999_999), 604_800)] {
            let url = self.signer.presignedURL(bucket: "bkt", key: "k", validity: validity, at: Self.time)
            #expect(url.contains("&X-Amz-Expires=\(seconds)&"))
        }
    }

    @Test("a signed upload matches the reference vector")
    func upload() {
        let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        let headers = self.signer.signedHeaders(
            method: "PUT",
            bucket: "bkt",
            key: Self.path,
            headers: [("content-type", "image/png")],
            body: Array("hello".utf8),
            at: Self.time
        )
        #expect(
            headers.map { "\($0.name): \($0.value)" } == [
                "content-type: image/png", "x-amz-content-sha256: \(hash)", "x-amz-date: 20260128T123456Z",
                "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260128/auto/s3/aws4_request, "
                    + "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
                    + "Signature=e25ac90eb7fedc4bfe5cca2111cf0c6ff18c593320f6245a76cb75041b4d401d",
            ]
        )
        let canonical = RequestSigner.canonicalRequest(
            method: "PUT",
            path: "/bkt/\(Self.path)",
            query: "",
            fields: [
                ("content-type", "image/png"), ("host", "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com"),
                ("x-amz-content-sha256", hash), ("x-amz-date", "20260128T123456Z"),
            ],
            payload: hash
        )
        let digest = SHA256.hash(data: Array(canonical.utf8)).map {
            $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16)
        }
        #expect(digest.joined() == "164a2cb5958d9b88b88f52069f18138c04547bc9ec2d0820a02bd3e396ccb1b9")
    }

    @Test("libcurl's own signature of the same upload is the same", .timeLimit(.minutes(1)))
    func libcurl() async throws {
        let server = try await StandInServer.start { _ in .answer(status: 200) }
        let url = server.url
        await Self.putSignedByLibcurl(url: "\(url)/bkt/\(Self.path)", body: "hello")
        let request = try #require(server.requests.first)
        let date = try #require(request.header("x-amz-date"))
        let seconds = try #require(Self.timestamp(date))
        let signer = RequestSigner(
            ObjectStorageSettings(
                endpoint: url,
                bucket: "bkt",
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: Secret("se:cret/+"),
                url: .publicBase("")
            )
        )
        let headers = signer.signedHeaders(
            method: "PUT",
            bucket: "bkt",
            key: Self.path,
            headers: [("content-type", "image/png")],
            body: Array("hello".utf8),
            at: seconds
        )
        // libcurl writes no blanks into the list, and ours does: the parts are compared.
        let parts: (String?) -> [String] = {
            ($0 ?? "").replacing(", ", with: ",").split(separator: ",").map(String.init)
        }
        #expect(parts(request.header("authorization")) == parts(headers.last?.value))
        await server.shutdown()
    }

    private static func timestamp(_ date: String) -> Timestamp? {
        let digits = Array(date)
        guard digits.count == 16 else { return nil }
        let day = "\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<8]))"
        let time = "\(String(digits[9..<11])):\(String(digits[11..<13])):\(String(digits[13..<15]))Z"
        return Timestamp(rfc3339: "\(day)T\(time)")
    }

    /// The recipe of the reference, on a handle used for nothing else.
    @concurrent
    private static func putSignedByLibcurl(url: String, body: String) async {
        guard let handle = unsafe curl_easy_init() else { return }
        var fields = unsafe curl_slist_append(nil, "content-type: image/png")
        let hash = SHA256.hash(data: Array(body.utf8)).map {
            $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16)
        }
        unsafe fields = unsafe curl_slist_append(fields, "x-amz-content-sha256: \(hash.joined())")
        for (option, text) in [
            (CURLOPT_URL, url), (CURLOPT_CUSTOMREQUEST, "PUT"), (CURLOPT_AWS_SIGV4, "aws:amz:auto:s3"),
            (CURLOPT_USERNAME, "AKIDEXAMPLE"), (CURLOPT_PASSWORD, "se:cret/+"), (CURLOPT_COPYPOSTFIELDS, body),
            (CURLOPT_PROXY, ""),
        ] {
            _ = unsafe wonkey_curl_easy_set_text(handle, option, text)
        }
        _ = unsafe wonkey_curl_easy_set_list(handle, CURLOPT_HTTPHEADER, fields)
        _ = unsafe curl_easy_perform(handle)
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(fields)
    }
}
