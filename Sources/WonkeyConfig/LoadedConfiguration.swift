internal import WonkeyCore

/// A configuration with what it was read from.
package struct LoadedConfiguration: Sendable {
    package let configuration: Configuration
    /// The path it was read from, as given.
    package let fileName: String
    /// Names the content: see ``WonkeyCore/ContentHash``.
    package let hash: String
    /// The file itself, and every file a `${file:…}` names.
    package let files: [String]
    /// What each single setting is, and where it stands.
    package let settings: ConfigurationSettings

    /// Reads and checks a configuration file; see ``Configuration/load(file:environment:inspection:)``.
    ///
    /// - Parameters:
    ///   - file: Its path, also what faults begin with.
    ///   - environment: Where `${NAME}` is looked up.
    ///   - inspection: Looks into the files TLS settings name.
    /// - Throws: Every fault there is, if there is any.
    package init(
        file: String,
        environment: [String: String],
        inspection: TLSInspection? = nil
    ) throws(ConfigurationFaults) {
        let bytes: [UInt8]
        do throws(FileContents.Failure) {
            bytes = try FileContents.read(file, sizeMax: SourceText.sizeMax)
        } catch {
            throw ConfigurationFaults([.init(file: file, position: nil, message: "cannot be read: \(error.message)")])
        }
        try self.init(bytes: bytes, fileName: file, environment: environment, inspection: inspection)
    }

    /// Reads and checks a configuration given as bytes.
    package init(
        bytes: [UInt8],
        fileName: String,
        environment: [String: String],
        inspection: TLSInspection? = nil
    ) throws(ConfigurationFaults) {
        let substitution = Substitution(environment: environment) { (path) throws(FileContents.Failure) in
            try FileContents.read(path, sizeMax: 64 << 10)
        }
        let reading = Reading(fileName: fileName, substitution: substitution, inspection: inspection)
        let tree = SourceText(bytes, report: reading.report).flatMap { source in
            TreeBuilder.tree(of: source, report: reading.report)
        }
        let configuration = tree.flatMap { Kind.section(Configuration.read).read($0, "", reading) }
        guard let configuration, reading.faults.isEmpty else { throw ConfigurationFaults(reading.faults) }
        self.configuration = configuration
        self.fileName = fileName
        self.hash = ContentHash.text(of: bytes)
        self.files = [fileName] + reading.files.sorted().filter { $0 != fileName }
        self.settings = ConfigurationSettings(reading.settings)
    }
}
