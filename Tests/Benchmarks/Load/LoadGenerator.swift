import ArgumentParser
import NIOCore
import NIOPosix

/// Sends requests at a fixed rate, evenly spaced, and measures each from the moment it was due.
///
/// Open loop: a request that finds no connection free waits, and its waiting counts, so that a server which stalls cannot
/// hide it (coordinated omission). Prints one line of JSON, times in microseconds; `lag` is how late the generator itself
/// sent, and is part of the latencies.
@main
struct LoadGenerator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load-generator")

    @Argument(help: "Such as 127.0.0.1:8080.")
    var address: String
    @Option(help: "The target in the request line.")
    var path = "/"
    @Option(help: "A field of the request, as 'Name: value'; repeatable.")
    var header: [String] = []
    @Option(help: "Requests per second.")
    var rate = 2_000
    @Option
    var connections = 32
    @Option(help: "Seconds that are measured.")
    var seconds = 8
    @Option(help: "Seconds before, at the same rate, that are not measured.")
    var warmup = 1

    func validate() throws {
        guard self.rate >= 1, self.connections >= 1, self.seconds >= 1, self.warmup >= 0 else {
            throw ValidationError("rate, connections and seconds are at least 1")
        }
        guard self.endpoint != nil else { throw ValidationError("the address is HOST:PORT") }
    }

    private var endpoint: (host: String, port: Int)? {
        let parts = self.address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { return nil }
        return (String(parts[0]), port)
    }

    func run() async throws {
        guard let (host, port) = self.endpoint else { return }
        let fields = self.header.map { "\($0)\r\n" }.joined()
        let request = "GET \(self.path) HTTP/1.1\r\nHost: \(self.address)\r\n\(fields)\r\n"
        let plan = LoadPlan(
            host: host,
            port: port,
            request: ByteBuffer(string: request),
            connections: self.connections,
            rate: self.rate,
            unmeasured: self.rate * self.warmup,
            measured: self.rate * self.seconds
        )
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let outcome = try await eventLoop.flatSubmit { LoadDriver(plan, eventLoop: eventLoop).start() }.get()
        try await group.shutdownGracefully()
        print(outcome.json)
    }
}
