/// One pass over a configuration: collects faults and knows which names exist.
///
/// The same declarations are run in two ways: over a file, to read it, and over nothing, to describe the settings for
/// the JSON Schema. Describing, every setting yields its default or a placeholder, and nothing is a fault.
final class Reading {
    typealias Position = ConfigurationFaults.Position

    /// What other settings refer to by name.
    enum Namespace: String {
        case limit, upstream, image, storage
    }

    let fileName: String
    let substitution: Substitution
    /// Looks into certificates; absent where that is not this program's business.
    let inspection: TLSInspection?
    private(set) var faults: [ConfigurationFaults.Fault] = []
    /// What every single setting is, by its path.
    private(set) var settings: [String: ConfigurationSettings.Setting] = [:]
    /// What `${file:…}` named.
    private(set) var files: Set<String> = []
    private var expressions: [String: Regex<AnyRegexOutput>] = [:]
    private var names: [Namespace: Set<String>] = [:]
    private var unreadable: Set<Namespace> = []
    /// More faults than these help nobody.
    private static let faultsMax = 200

    init(fileName: String, substitution: Substitution, inspection: TLSInspection? = nil) {
        self.fileName = fileName
        self.substitution = substitution
        self.inspection = inspection
    }

    /// A pass that only describes.
    static func describing() -> Reading {
        Reading(fileName: "", substitution: Substitution(environment: [:], readFile: { _ in [] }))
    }

    func report(_ position: Position?, _ message: String) {
        guard self.faults.count <= Self.faultsMax else { return }
        let isLast = self.faults.count == Self.faultsMax
        self.faults.append(
            isLast
                ? .init(
                    file: self.fileName,
                    position: nil,
                    message: "more than \(Self.faultsMax) faults; here are some"
                )
                : .init(file: self.fileName, position: position, message: message)
        )
    }

    /// The expression of a pattern, made once.
    func expression(_ pattern: Pattern) -> Regex<AnyRegexOutput> {
        if let known = self.expressions[pattern.source] { return known }
        let made = pattern.compiled()
        self.expressions[pattern.source] = made
        return made
    }

    /// Keeps what a setting is.
    func note(_ path: String, _ setting: ConfigurationSettings.Setting) {
        self.settings[path] = setting
    }

    /// Keeps the names of files that a text refers to.
    func noteFiles(in text: String) {
        self.files.formUnion(Substitution.files(in: text))
    }

    /// Makes names known; a setting that refers to them is read later.
    func declare(_ names: [String], in namespace: Namespace) {
        self.names[namespace, default: []].formUnion(names)
    }

    /// Makes every name known, because those there are could not be read.
    func giveUp(on namespace: Namespace) {
        self.unreadable.insert(namespace)
    }

    /// Whether a name may be referred to.
    func isKnown(_ name: String, in namespace: Namespace) -> Bool {
        self.unreadable.contains(namespace) || self.names(in: namespace).contains(name)
    }

    func names(in namespace: Namespace) -> Set<String> {
        self.names[namespace, default: []]
    }
}
