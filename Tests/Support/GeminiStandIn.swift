import Foundation
import Synchronization

/// Plays Google's image models on a loopback port: `:generateContent` and `:predict` of every model and version.
///
/// Wants the key in `x-goog-api-key` and refuses a wrong one the way Google does (400 `API_KEY_INVALID`). Answers follow
/// a script, whose last entry repeats. Its ``url`` serves as `base_url` of the program under test.
package final class GeminiStandIn: Sendable {
    package let server: StandInServer

    package var url: String { self.server.url }
    /// The calls of a model received so far.
    package var calls: [StandInServer.Request] { self.server.requests }

    private init(server: StandInServer) {
        self.server = server
    }

    /// Starts the stand-in.
    ///
    /// - Parameters:
    ///   - key: The only API key that is accepted.
    ///   - script: One reply per call.
    /// - Returns: The running stand-in; end it with ``shutdown()``.
    /// - Throws: Why the port could not be opened.
    package static func start(
        key: String = "stand-in-key",
        script: [StandInServer.Reply] = [GeminiStandIn.image()]
    ) async throws -> GeminiStandIn {
        let rest = Mutex(script[...])
        let server = try await StandInServer.start { request in
            if let refusal = Self.refusal(of: request, key: key) { return refusal }
            return rest.withLock { rest in
                rest.count > 1 ? rest.removeFirst() : rest.first ?? .close
            }
        }
        return GeminiStandIn(server: server)
    }

    package func shutdown() async {
        await self.server.shutdown()
    }

    private static func refusal(of request: StandInServer.Request, key: String) -> StandInServer.Reply? {
        let path = request.target.split(separator: "/", omittingEmptySubsequences: false)
        guard request.method == "POST", path.count == 4, path[2] == "models",
            path[3].hasSuffix(":generateContent") || path[3].hasSuffix(":predict"), !request.target.contains("?")
        else { return self.error(404, status: "NOT_FOUND", message: "no such method") }
        if request.header("x-goog-api-key") == key { return nil }
        let info = #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#
        return self.error(400, status: "INVALID_ARGUMENT", message: "API key not valid", details: info)
    }
}

// MARK: Replies

extension GeminiStandIn {
    /// A success of `:generateContent` with one image.
    package static func image(_ bytes: [UInt8] = StandInImage.png(width: 1024, height: 1024)) -> StandInServer.Reply {
        let data = Data(bytes).base64EncodedString()
        return self.json(
            200,
            #"{"candidates":[{"content":{"role":"model","parts":[{"inlineData":{"mimeType":"image/png","data":"\#(data)"}}]},"#
                + #""finishReason":"STOP","index":0}],"modelVersion":"stand-in"}"#
        )
    }

    /// A success of `:predict` with one image.
    package static func prediction(_ bytes: [UInt8] = StandInImage.png(width: 1024, height: 1024))
        -> StandInServer.Reply
    {
        let data = Data(bytes).base64EncodedString()
        return self.json(200, #"{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"\#(data)"}]}"#)
    }

    /// An error in Google's format; `message` and `details` are JSON text already.
    package static func error(
        _ code: Int,
        status: String,
        message: String = "stand-in upstream message",
        details: String = "",
        headers: [(name: String, value: String)] = []
    ) -> StandInServer.Reply {
        self.json(
            code,
            #"{"error":{"code":\#(code),"message":"\#(message)","status":"\#(status)","details":[\#(details)]}}"#,
            headers: headers
        )
    }

    package static func json(
        _ status: Int,
        _ text: String,
        headers: [(name: String, value: String)] = []
    ) -> StandInServer.Reply {
        .answer(
            status: status,
            headers: [("content-type", "application/json; charset=UTF-8")] + headers,
            body: Array(text.utf8)
        )
    }
}

/// Images small enough to write down.
package enum StandInImage {
    /// A PNG signature and header of these dimensions, followed by zeros up to `byteCount`.
    package static func png(width: UInt32, height: UInt32, byteCount: Int = 64) -> [UInt8] {
        var bytes: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
        for value in [width, height] { bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        return bytes + [8, 2, 0, 0, 0] + [UInt8](repeating: 0, count: max(0, byteCount - 29))
    }

    /// A JPEG with an APP0 segment and a frame header of these dimensions.
    package static func jpeg(width: UInt16, height: UInt16) -> [UInt8] {
        let size = [height, width].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        return [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8] + size + [1, 1, 0x11, 0, 0xff, 0xd9]
    }
}
