import Foundation
import WonkeyConfig

/// Places in the source tree.
enum Place {
    private static let here = URL(filePath: #filePath).deletingLastPathComponent()

    static let fixtures = Self.here.appending(path: "Fixtures")
    static let examples = Self.here.deletingLastPathComponent().deletingLastPathComponent().appending(path: "config")
}

/// What parsing gave: a configuration, or one line per fault.
enum Outcome {
    case configuration(Configuration)
    case faults(String)

    init(_ text: String, fileName: String = "test.yaml", environment: [String: String] = [:]) {
        self.init(Array(text.utf8), fileName: fileName, environment: environment)
    }

    init(_ bytes: [UInt8], fileName: String = "test.yaml", environment: [String: String] = [:]) {
        do throws(ConfigurationFaults) {
            self = .configuration(
                try Configuration.parse(bytes: bytes, fileName: fileName, environment: environment)
            )
        } catch {
            self = .faults(error.description)
        }
    }

    var configuration: Configuration? {
        switch self {
        case .configuration(let configuration): configuration
        case .faults: nil
        }
    }

    /// The empty text where there is no fault.
    var faults: String {
        switch self {
        case .configuration: ""
        case .faults(let text): text
        }
    }
}

/// A file that is complete but for what a test adds to it.
func document(_ addition: String) -> String {
    """
    version: 1
    listeners: [{address: "127.0.0.1:8080"}]
    store: {url: "sqlite:data/wonkey.db"}
    upstreams:
      api: {url: "http://127.0.0.1:3000"}
    routes:
      - {name: api, match: {prefix: /}, proxy: api}

    """ + addition
}
