import Foundation
import Logging
import WonkeyAdmin
import WonkeyConfig
import WonkeyCore
import WonkeyStore
import WonkeyWiring

/// A command at work: the configuration read, the store open.
struct Session {
    let configuration: Configuration
    let store: Store
    let context: AdministrationContext
    let output: Output

    /// Reads the configuration, opens the store, runs `body` and closes the store.
    ///
    /// - Parameters:
    ///   - options: Where the configuration is and how to print.
    ///   - mode: `.migrate` accepts a store that is not there yet, or not up to date.
    ///   - body: The command.
    /// - Throws: ``CommandFailure`` and what it can translate.
    static func run(
        _ options: CommonOptions,
        mode: Store.Mode = .use,
        _ body: (Session) async throws -> Void
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let file = try Self.configurationFile(options.config, environment: environment)
        let configuration = try Configuration.load(file: file, environment: environment)
        let keyFormat = try Self.keyFormat(configuration, file: file)
        let store = try await Store.open(
            configuration.store,
            mode: mode,
            logger: Logger(label: "wonkey-admin.store") { _ in SwiftLogNoOpLogHandler() }
        )
        let session = Session(
            configuration: configuration,
            store: store,
            context: AdministrationContext(
                store: store.administration,
                logs: store.logs,
                clock: SystemClock(),
                actor: Self.actor,
                keyFormat: keyFormat,
                limitNames: Set(configuration.limits.keys)
            ),
            output: Output(options, environment: environment)
        )
        do {
            try await body(session)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    /// The form of keys that the configuration says.
    static func keyFormat(_ configuration: Configuration, file: String) throws -> KeyFormat {
        let keys = configuration.keys
        guard let keyFormat = KeyFormat(prefix: keys.prefix, randomDigits: keys.length) else {
            let range = KeyFormat.randomDigitsRange
            let lengths = "keys.length from \(range.lowerBound) to \(range.upperBound)"
            throw CommandFailure.usage("\(file): keys.prefix has 1 to 16 of a-z and 0-9, and \(lengths)")
        }
        return keyFormat
    }

    /// Option before environment before file.
    static func configurationFile(_ option: String?, environment: [String: String]) throws -> String {
        if let option { return option }
        if let variable = environment["WONKEY_CONFIG"], !variable.isEmpty { return variable }
        for file in ["wonkey.yaml", "config/wonkey.yaml"] where FileManager.default.fileExists(atPath: file) {
            return file
        }
        throw CommandFailure.usage(
            "no configuration: give --config FILE, set WONKEY_CONFIG, or run where wonkey.yaml or config/wonkey.yaml is"
        )
    }

    private static var actor: Actor {
        let name = ProcessInfo.processInfo.userName
        return Actor(name: "cli:\(name.isEmpty ? "unknown" : name)", source: "wonkey-admin")
    }
}
