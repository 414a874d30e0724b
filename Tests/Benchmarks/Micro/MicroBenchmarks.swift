/// Runs one hot function of the data plane so many times: `micro-benchmarks NAME COUNT`; without words it lists the names.
///
/// Made to be run by valgrind's callgrind, twice with different counts: the difference of the instructions is what one run
/// costs, whatever else the machine is doing.
@main
enum MicroBenchmarks {
    static let all: [MicroBenchmark] = [
        .identifyKey, .decideLimit, .matchRoute, .parseRequest, .rewriteHead, .appendRecord, .encodeCommand,
        .encodeCount, .decodeReply, .loadConfiguration,
    ]

    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 2, let benchmark = Self.all.first(where: { $0.name == words[0] }),
            let count = Int(words[1])
        else {
            for benchmark in Self.all { print(benchmark.name) }
            return
        }
        let run = try benchmark.prepare()
        let clock = ContinuousClock()
        let started = clock.now
        var result = 0
        for _ in 0..<count { result &+= try run() }
        let took = clock.now - started
        print("\(benchmark.name): \(took / max(1, count)) each, result \(result)")
    }
}
