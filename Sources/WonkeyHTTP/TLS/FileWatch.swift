/// Decides from what files look like when they are read again.
///
/// Pure. A change is acted on once it looks the same twice, so that a certificate whose key is still being written is
/// left alone.
struct FileWatch {
    enum Action: Equatable { case none, load }

    /// As of the last reading, whether that succeeded or not: what was faulty is not read again until it changes.
    private var read: [FileStamp?]
    /// Different from `read` when looked at last.
    private var changed: [FileStamp?]?

    init(_ stamps: [FileStamp?]) {
        self.read = stamps
    }

    /// The files were looked at.
    mutating func looked(_ stamps: [FileStamp?]) -> Action {
        guard stamps != self.read else {
            self.changed = nil
            return .none
        }
        guard stamps == self.changed else {
            self.changed = stamps
            return .none
        }
        self.readAgain(stamps)
        return .load
    }

    /// The files are read now, because somebody asked for it.
    mutating func readAgain(_ stamps: [FileStamp?]) {
        self.read = stamps
        self.changed = nil
    }
}
