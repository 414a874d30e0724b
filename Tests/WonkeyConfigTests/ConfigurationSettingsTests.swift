import Foundation
import Testing
import WonkeyCore

@testable import WonkeyConfig

@Suite("The single settings of a file")
struct ConfigurationSettingsTests {
    private static func loaded(_ text: String, _ environment: [String: String] = [:]) throws -> LoadedConfiguration {
        try LoadedConfiguration(bytes: Array(text.utf8), fileName: "w.yaml", environment: environment)
    }

    private static func text(_ change: String = "", routes: String = "  - {name: a, match: {path: /a}, proxy: api}\n")
        -> String
    {
        """
        version: 1
        listeners:
          - address: 127.0.0.1:8080
        store: {url: "postgres://user:secret@host/db"}
        upstreams:
          api: {url: "http://127.0.0.1:${PORT:-3000}", timeouts: {connect: 2000ms}, headers: {X-Key: "${KEY:-abc}"}}
        \(change)
        routes:
        \(routes)
        """
    }

    @Test("a setting is shown as it is written, a secret and what a variable holds never; its place is kept")
    func shown() throws {
        let settings = try Self.loaded(Self.text(), ["KEY": "hush", "PORT": "4000"]).settings.entries
        #expect(settings["listeners[0].address"]?.shown == "127.0.0.1:8080")
        #expect(settings["listeners[0].address"]?.position == .init(line: 3, column: 14))
        #expect(settings["upstreams.api.url"]?.shown == "http://127.0.0.1:${PORT:-3000}")
        #expect(settings["upstreams.api.url"]?.value == Secret("http://127.0.0.1:4000"))
        #expect(settings["upstreams.api.timeouts.connect"]?.shown == "2s")
        #expect(settings["upstreams.api.connections"]?.shown == "64")
        #expect(settings["upstreams.api.connections"]?.position == nil)
        #expect(settings["routes.a.match.path"]?.shown == "/a")
        for path in ["store.url", "upstreams.api.headers.X-Key"] {
            #expect(settings[path] != nil && settings[path]?.shown == nil, "\(path)")
        }
        #expect(!settings.values.contains { $0.shown?.contains("hush") == true })
    }

    @Test("two files differ where they mean something else, not where they say the same in other words or places")
    func differences() throws {
        let first = try Self.loaded(Self.text()).settings
        let moved = Self.text(
            "",
            routes: "  - {name: b, match: {path: /b}, proxy: api}\n  - {name: a, match: {path: /a}, proxy: api}\n"
        ).replacingOccurrences(of: "2000ms", with: "2s")
        let second = try Self.loaded(moved).settings
        #expect(first.differences(from: first) == [])
        #expect(Set(first.differences(from: second)).isSuperset(of: ["routes.b.match.path", "routes.b.name"]))
        #expect(first.differences(from: second).allSatisfy { $0.hasPrefix("routes.b.") })
        #expect(ConfigurationSettings.isBelow("routes.b.name", anyOf: ["upstreams", "routes.b"]))
        #expect(!ConfigurationSettings.isBelow("routes.bb.name", anyOf: ["upstreams", "routes.b"]))
        let key = try Self.loaded(Self.text(), ["KEY": "other"]).settings
        #expect(first.differences(from: key) == ["upstreams.api.headers.X-Key"])
    }

    @Test("a file is known by the beginning of its SHA-256, and with the files it refers to")
    func file() throws {
        let secret = FileManager.default.temporaryDirectory.appending(path: "wonkey-\(UUID().uuidString)")
        try Data("xyz".utf8).write(to: secret)
        defer { try? FileManager.default.removeItem(at: secret) }
        let text = Self.text().replacingOccurrences(of: "${KEY:-abc}", with: "${file:\(secret.path)}")
        let loaded = try Self.loaded(text)
        #expect(loaded.files == ["w.yaml", secret.path])
        #expect(loaded.hash.count == ContentHash.digits)
        #expect(ContentHash.text(of: Array("abc".utf8)) == "ba7816bf8f01")
    }
}
