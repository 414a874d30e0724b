import Synchronization
import WonkeyCore

@testable import WonkeyAdmin

/// Endpoints of no use but to tests of the service around them.
final class SampleEndpoints: Sendable {
    private let count = Atomic<Int>(0)
    private let cancellations = Atomic<Int>(0)
    /// Lets requests to `/v1/slow` begin and end as a test wants it.
    let begun = AsyncStream.makeStream(of: Void.self)
    private let released = AsyncStream.makeStream(of: Void.self)

    /// How often a thing was made.
    var made: Int { self.count.load(ordering: .relaxed) }

    /// How often `/v1/stuck` was broken off.
    var brokenOff: Int { self.cancellations.load(ordering: .relaxed) }

    func release() {
        self.released.continuation.yield()
    }

    var all: [Endpoint] {
        [self.make, self.change, self.list, self.mine, self.item, self.boom, self.away, self.slow, self.stuck]
    }

    private static let thing = Schema.object(
        name: "Thing",
        [
            .required("id", .id("thing")), .required("name", .string()), .required("client", .string()),
        ]
    )
    private static let example: JSONValue = ["id": "thing_1", "name": "a", "client": "::1"]

    private static func thing(_ id: String, _ name: String, _ request: EndpointRequest) -> JSONValue {
        ["id": .string(id), "name": .string(name), "client": .string(request.clientAddress)]
    }

    private var make: Endpoint {
        Endpoint(
            id: "makeThing",
            .post,
            "/v1/things",
            tag: .service,
            summary: "Make a thing",
            body: Body(
                .object([.required("name", .string(length: 1...8)), .optional("size", .integer(nil, 1...9))]),
                example: ["name": "a"]
            ),
            answers: [Answer(201, "It.", Self.thing, example: Self.example)],
            takesIdempotencyKey: true
        ) { request in
            if request.body.text("name") == "taken" { throw OperationError(code: .conflict, message: "it is taken") }
            let number = self.count.add(1, ordering: .relaxed).newValue
            let thing = Self.thing("thing_\(number)", request.body.text("name"), request)
            return Reply.created(thing, at: "/v1/things/thing_\(number)").tagged(version: 1)
        }
    }

    private var change: Endpoint {
        Endpoint(
            id: "changeThing",
            .patch,
            "/v1/things/{id}",
            tag: .service,
            summary: "Change a thing",
            parameters: [.path("id", .id("thing"))],
            body: Body(.object([.optional("name", .string().nullable)]), example: [:], isRequired: false),
            answers: [Answer(204, "Done.")],
            takesIfMatch: true
        ) { request in
            if let version = try request.expectedVersion, version != 3 { throw Problem.preconditionFailed() }
            return .noContent
        }
    }

    private var list: Endpoint {
        Endpoint(
            id: "listThings",
            .get,
            "/v1/things",
            tag: .service,
            summary: "List things",
            access: .anyone,
            parameters: [.limit, .cursor, .query("only", .choice(["a b", "c"])), .query("deep", .boolean())],
            answers: [Answer(200, "Them.", .page(of: .string()), example: ["data": [], "next_cursor": .null])]
        ) { request in
            let cursor = try request.cursor(parts: 1)
            let seen: [JSONValue] = [
                .integer(Int64(request.pageLimit)), .init(cursor?.parts.first), .init(request.query("only")),
                request.query(boolean: "deep").map { .bool($0) } ?? .null,
            ]
            return .ok(["data": .array(seen), "next_cursor": .string(PageCursor("z").text)])
        }
    }

    private var mine: Endpoint {
        Endpoint(
            id: "getMyThing",
            .get,
            "/v1/things/mine",
            tag: .service,
            summary: "Read my thing",
            answers: [Answer(200, "It.", Self.thing, example: Self.example)]
        ) { request in .ok(Self.thing("thing_mine", try request.user.id.rawValue, request)) }
    }

    private var item: Endpoint {
        Endpoint(
            id: "getThing",
            .get,
            "/v1/things/{id}",
            tag: .service,
            summary: "Read a thing",
            parameters: [.path("id", .id("thing"))],
            answers: [Answer(200, "It.", Self.thing, example: Self.example)]
        ) { request in .ok(Self.thing(request.path("id"), try request.user.id.rawValue, request)) }
    }

    private var boom: Endpoint {
        Endpoint(
            id: "boom",
            .get,
            "/v1/boom",
            tag: .service,
            summary: "Fail",
            access: .anyone,
            answers: [Answer(204, "Never.")]
        ) { _ in
            struct Odd: Error { var secret = "hunter2" }
            throw Odd()
        }
    }

    private var away: Endpoint {
        Endpoint(
            id: "away",
            .get,
            "/v1/away",
            tag: .service,
            summary: "Fail as a store does",
            access: .anyone,
            answers: [Answer(204, "Never.")]
        ) { _ in throw StoreError(code: .unavailable, message: "disk on fire") }
    }

    private var slow: Endpoint {
        Endpoint(
            id: "slow",
            .post,
            "/v1/slow",
            tag: .service,
            summary: "Wait",
            answers: [Answer(201, "Done.", .map(of: .any()), example: [:])],
            takesIdempotencyKey: true
        ) { _ in
            self.begun.continuation.yield()
            var iterator = self.released.stream.makeAsyncIterator()
            await iterator.next()
            return .created(["done": true])
        }
    }

    private var stuck: Endpoint {
        Endpoint(
            id: "stuck",
            .post,
            "/v1/stuck",
            tag: .service,
            summary: "Wait for ever",
            answers: [Answer(201, "Never.", .map(of: .any()), example: [:])],
            takesIdempotencyKey: true
        ) { _ in
            // Ends by cancellation alone.
            for await _ in AsyncStream.makeStream(of: Void.self).stream {}
            self.cancellations.add(1, ordering: .relaxed)
            throw CancellationError()
        }
    }
}
