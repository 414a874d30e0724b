import Foundation
import Testing
import WonkeyConfig

@Suite("Faulty files")
struct FixtureTests {
    static let names = Self.files(ending: ".yaml")

    private static func files(ending suffix: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Place.fixtures.path)) ?? []
        return files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
    }

    @Test("every fault of a file is told at once, with its place and what to do", arguments: Self.names)
    func faults(name: String) throws {
        let bytes = Array(try Data(contentsOf: Place.fixtures.appending(path: "\(name).yaml")))
        let expected = try String(contentsOf: Place.fixtures.appending(path: "\(name).txt"), encoding: .utf8)
        let outcome = Outcome(bytes, fileName: "\(name).yaml")
        #expect(outcome.faults + "\n" == expected)
        #expect(!outcome.faults.contains("sentinel"))
    }

    @Test("every fixture has its messages beside it")
    func complete() {
        #expect(Self.names.count > 40)
        #expect(Self.files(ending: ".txt") == Self.names)
    }
}
