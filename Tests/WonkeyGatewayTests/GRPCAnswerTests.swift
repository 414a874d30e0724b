import Testing

@testable import WonkeyGateway
@testable import WonkeyHTTP

@Suite struct GRPCAnswerTests {
    @Test(
        "gRPC calls are told by their content type",
        arguments: [
            ("application/grpc", true), ("application/grpc+proto", true), ("Application/GRPC-web", true),
            ("application/json", false), ("application/grp", false), (nil, false),
        ] as [(String?, Bool)]
    )
    func calls(type: String?, isCall: Bool) {
        var fields = FieldSection()
        if let type { fields.append(.contentType, type) }
        let head = RequestHead(method: .post, target: RequestTarget(origin: "/a.B/C"), host: "a", fields: fields)
        #expect(GRPCAnswer.isCall(head) == isCall)
    }

    @Test(
        "each status of ours has a status of gRPC's",
        arguments: [
            (400, 3), (401, 16), (403, 7), (404, 12), (405, 12), (408, 4), (409, 10), (413, 8), (429, 8), (431, 8),
            (500, 13), (501, 12), (502, 14), (503, 14), (504, 4), (508, 13), (418, 2),
        ]
    )
    func codes(status: Int, code: Int) {
        #expect(GRPCAnswer.code(of: status) == code)
    }

    @Test("messages are percent-encoded")
    func messages() {
        #expect(GRPCAnswer.percentEncoded("100 % nö\n") == "100 %25 n%C3%B6%0A")
    }
}
