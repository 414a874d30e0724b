internal import CLibYAML

/// What libyaml reports next, freed of its pointers.
struct YAMLEvent {
    enum Content {
        case streamStart, streamEnd
        case documentStart, documentEnd
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
        case alias
        case scalar(text: String, isPlain: Bool)
    }

    var content: Content
    var position: ConfigurationFaults.Position
    var hasAnchor = false
    var hasTag = false
}

/// libyaml cannot go on.
struct YAMLFailure: Error {
    enum Place {
        case position(ConfigurationFaults.Position)
        /// Reader errors carry no usable mark, only this.
        case byteOffset(Int)
    }

    var place: Place
    var problem: String
    /// What was being read, and where that began.
    var context: (text: String, position: ConfigurationFaults.Position)?
}

/// Feeds one text to libyaml's parser and hands its events out.
///
/// `@safe`: both pointers are private, made in `init`, freed in `deinit` only, and never handed out. libyaml keeps
/// pointers into itself and into the input, which is why both are allocated and never moved.
@safe struct EventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// Copies the text.
    ///
    /// - Parameter bytes: UTF-8 without a byte order mark.
    init(_ bytes: [UInt8]) {
        unsafe self.input = .allocate(capacity: bytes.count)
        _ = unsafe self.input.initialize(from: bytes)
        unsafe self.parser = .allocate(capacity: 1)
        unsafe self.parser.initialize(to: yaml_parser_t())
        // Fails for want of memory only; allocation in Swift ends the process then, too.
        precondition(unsafe yaml_parser_initialize(self.parser) == 1, "libyaml found no memory")
        unsafe yaml_parser_set_encoding(self.parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(self.parser, self.input.baseAddress, self.input.count)
    }

    deinit {
        unsafe yaml_parser_delete(self.parser)
        unsafe self.parser.deinitialize(count: 1)
        unsafe self.parser.deallocate()
        unsafe self.input.deallocate()
    }

    /// Parses up to the next event.
    ///
    /// Not to be called again after a failure or after ``YAMLEvent/Content/streamEnd``.
    mutating func next() throws(YAMLFailure) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(self.parser, &event) == 1 else { throw self.failure() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe Self.translate(event)
    }

    private static func translate(_ event: yaml_event_t) -> YAMLEvent {
        let position = unsafe Self.position(event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(content: .streamStart, position: position)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(content: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(content: .documentEnd, position: position)
        case YAML_ALIAS_EVENT: return YAMLEvent(content: .alias, position: position)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(content: .sequenceEnd, position: position)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(content: .mappingEnd, position: position)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe YAMLEvent(
                content: .sequenceStart,
                position: position,
                hasAnchor: start.anchor != nil,
                hasTag: start.tag != nil
            )
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe YAMLEvent(
                content: .mappingStart,
                position: position,
                hasAnchor: start.anchor != nil,
                hasTag: start.tag != nil
            )
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            // By length: an escape can put NUL into the text.
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe YAMLEvent(
                content: .scalar(
                    text: String(decoding: bytes, as: UTF8.self),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE
                ),
                position: position,
                hasAnchor: scalar.anchor != nil,
                hasTag: scalar.tag != nil
            )
        default:
            // YAML_STREAM_END_EVENT; YAML_NO_EVENT only follows it.
            return YAMLEvent(content: .streamEnd, position: position)
        }
    }

    private func failure() -> YAMLFailure {
        let problem = unsafe self.parser.pointee.problem.map { unsafe String(cString: $0) } ?? "out of memory"
        if unsafe self.parser.pointee.error == YAML_READER_ERROR {
            let offset = unsafe self.parser.pointee.problem_offset
            return YAMLFailure(place: .byteOffset(Int(clamping: offset)), problem: problem)
        }
        var failure = unsafe YAMLFailure(
            place: .position(Self.position(self.parser.pointee.problem_mark)),
            problem: problem
        )
        if let context = unsafe self.parser.pointee.context {
            unsafe failure.context = (String(cString: context), Self.position(self.parser.pointee.context_mark))
        }
        return failure
    }

    /// Counts from 1, as editors do.
    private static func position(_ mark: yaml_mark_t) -> ConfigurationFaults.Position {
        .init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}
