import ArgumentParser
import Foundation
import WonkeyConfig

/// `wonkey diff`: tells what a configuration would change, without changing it.
struct DiffCommand: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare a configuration file with what a running process serves.",
        discussion: """
            Asks the process on its private listener, the operations address of the file or --operations, and prints what \
            would be added, removed and changed, field by field, and how many keys would get less. Secrets are compared \
            and not shown. Keys are those the process has in memory: those used lately. A key gets less where a limit of \
            a route it may use allows fewer units in the long run, or is new, its overrides considered.

            Exit status: 0 no differences, 1 differences, 2 the file is faulty or the process gives no answer.
            """
    )

    @Option(name: .customLong("config"), help: "The configuration file that is not served yet.")
    var file: String

    @Option(name: .customLong("operations"), help: "The private listener: 127.0.0.1:9090 or unix:/path.")
    var operations: String?

    @Option(name: .customLong("output"), help: "text or json.")
    var output: Output = .text

    func run() async throws {
        let loaded = try ConfigurationOptions(file: self.file).load()
        let answer: DiffAnswer
        do {
            answer = try await self.ask(loaded)
        } catch {
            let message = (error as? OperationsClient.Failure)?.message ?? "\(error)"
            FileHandle.standardError.write(Data("wonkey: diff: \(message)\n".utf8))
            throw ExitCode(2)
        }
        switch self.output {
        case .text: print(DiffText.text(answer, file: self.file), terminator: "")
        case .json: print(try Self.json(answer))
        }
        if !answer.changes.isEmpty { throw ExitCode(1) }
    }

    private func ask(_ loaded: LoadedConfiguration) async throws -> DiffAnswer {
        let address: Endpoint
        if let text = self.operations {
            guard let given = Endpoint(listenAddress: text) else {
                throw OperationsClient.Failure(message: "--operations must be an IP address and a port, or unix:/path")
            }
            address = given
        } else if let own = loaded.configuration.operations?.address {
            address = own
        } else {
            throw OperationsClient.Failure(message: "the file has no 'operations'; name the listener with --operations")
        }
        let salt = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
        let request = try JSONEncoder().encode(DiffRequest(loaded, salt: salt))
        let client = OperationsClient(address: address)
        let answer: (status: Int, body: [UInt8])
        do {
            answer = try await client.post("/config/diff", Array(request))
        } catch let failure as OperationsClient.Failure {
            throw OperationsClient.Failure(message: "the process at \(address): \(failure.message)")
        }
        guard answer.status == 200 else {
            throw OperationsClient.Failure(message: "the process at \(address) answers \(answer.status)")
        }
        return try JSONDecoder().decode(DiffAnswer.self, from: Data(answer.body))
    }

    private static func json(_ answer: DiffAnswer) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(answer), as: UTF8.self)
    }
}
