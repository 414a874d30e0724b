import Foundation
import Logging
import Support
import Testing
import WonkeyCore
import WonkeyStore

/// A folder with a configuration and a store, and the built `wonkey-admin` to work on them.
struct Installation: Sendable {
    private let program: BuiltProduct
    private let directory: TemporaryDirectory

    /// Two limits, `per-minute` and `burst`; the store's path is absolute.
    init(in directory: TemporaryDirectory? = .current) throws {
        self.program = try BuiltProduct("wonkey-admin")
        self.directory = try #require(directory)
        let text = """
            version: 1
            listeners:
              - address: 127.0.0.1:8080
            store: {url: "\(self.storeURL)"}
            counters: {url: "memory:"}
            limits:
              per-minute: {algorithm: fixed-window, limit: 60, window: 1m, by: key}
              burst: {algorithm: token-bucket, limit: 10, window: 1s, by: key}
            upstreams:
              api: {url: "http://127.0.0.1:3000"}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, limits: [per-minute, burst]}
            """
        try text.write(toFile: self.configuration, atomically: true, encoding: .utf8)
    }

    var configuration: String { self.directory.file("wonkey.yaml") }
    var path: String { self.directory.path }
    private var storeURL: String { "sqlite:\(self.directory.file("store.db"))" }

    /// Runs `wonkey-admin --config FILE …`.
    func run(
        _ arguments: String...,
        input: String = "",
        environment: [String: String?] = [:]
    ) async throws -> BuiltProduct.Outcome {
        try await self.run(arguments, input: input, environment: environment)
    }

    func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String?] = [:]
    ) async throws -> BuiltProduct.Outcome {
        try await self.program.run(
            ["--config", self.configuration] + arguments,
            input: input,
            environment: environment
        )
    }

    /// Runs it with exactly these arguments, in the installation's folder.
    func bare(_ arguments: String...) async throws -> BuiltProduct.Outcome {
        try await self.bare(arguments)
    }

    func bare(_ arguments: [String], environment: [String: String?] = [:]) async throws -> BuiltProduct.Outcome {
        try await self.program.run(arguments, environment: environment, directory: self.path)
    }

    /// Runs it while `body` reads its lines.
    func running(
        _ arguments: [String],
        body: @escaping @Sendable (RunningProgram) async throws -> Void
    ) async throws -> BuiltProduct.Outcome {
        try await self.program.run(["--config", self.configuration] + arguments, body: body)
    }

    /// Runs it, which must succeed in silence, and reads the JSON it prints.
    func json(_ arguments: String..., input: String = "") async throws -> JSON {
        try await self.json(arguments, input: input)
    }

    func json(_ arguments: [String], input: String = "") async throws -> JSON {
        let all = ["--config", self.configuration] + arguments + ["--output", "json"]
        let outcome = try await self.program.run(all, input: input)
        #expect(outcome.standardError == "")
        #expect(outcome.status == 0)
        #expect(outcome.standardOutput.hasSuffix("\n"))
        return try JSON(outcome.standardOutput)
    }

    /// Puts records and usage into the store, as a proxy does.
    func write(_ records: [RequestRecord], usage: [UsageDelta] = []) async throws {
        let store = try await Store.open(url: self.storeURL, mode: .use, logger: Logger(label: "test"))
        let id = records.map(\.id).joined(separator: "+") + "#\(usage.count)"
        try await store.logSink.write(LogBatch(id: id, records: records, usage: usage))
        await store.close()
    }
}

/// A JSON value that compares whole and prints readably.
enum JSON: Equatable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(_ text: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    subscript(_ name: String) -> JSON {
        guard case .object(let members) = self else { return .null }
        return members[name] ?? .null
    }

    var text: String {
        guard case .string(let text) = self else { return "" }
        return text
    }

    /// The elements of `{"data": […]}`.
    var data: [JSON] {
        guard case .array(let elements) = self["data"] else { return [] }
        return elements
    }

    /// The object without some members, to compare the rest.
    func without(_ names: String...) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !names.contains($0.key) })
    }

    /// The object with a member changed.
    func with(_ name: String, _ value: JSON) -> JSON {
        guard case .object(var members) = self else { return self }
        members[name] = value
        return .object(members)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(nilLiteral: ()) { self = .null }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }
}
