/// A value of a YAML file and where it begins.
///
/// Untyped: whether `60` is a number is for the setting to say that it is given for.
struct YAMLNode: Sendable {
    indirect enum Content: Sendable {
        /// Plain text may be a number or `true`; quoted text is always text.
        case scalar(text: String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the file; keys are all different.
        case mapping([YAMLEntry])
        /// Already reported as faulty; nothing more is to be said of it.
        case invalid
    }

    var content: Content
    var position: ConfigurationFaults.Position
}

/// One key of a mapping and its value.
struct YAMLEntry: Sendable {
    var key: String
    /// Of the key.
    var position: ConfigurationFaults.Position
    var value: YAMLNode
}
