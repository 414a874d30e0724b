internal import Synchronization

/// Files that are looked at again and again, to act when they change.
package final class WatchedFiles: Sendable {
    private struct State {
        var files: [String]
        var watch: FileWatch
    }

    private let state: Mutex<State>

    /// Looks at the files for the first time; blocks.
    package init(_ files: [String]) {
        self.state = Mutex(State(files: files, watch: FileWatch(files.map(FileStamp.init))))
    }

    /// Looks at the files; blocks.
    ///
    /// - Returns: Whether they have changed and stayed so since the last look.
    package func haveChanged() -> Bool {
        let files = self.state.withLock(\.files)
        let stamps = files.map(FileStamp.init)
        return self.state.withLock { $0.watch.looked(stamps) == .load }
    }

    /// They are read now, because somebody asked for it; blocks.
    package func areReadAgain() {
        let files = self.state.withLock(\.files)
        let stamps = files.map(FileStamp.init)
        self.state.withLock { $0.watch.readAgain(stamps) }
    }

    /// Watches other files; blocks.
    ///
    /// - Parameter files: What was just read; unchanged names are compared with the earlier look.
    package func replace(_ files: [String]) {
        guard self.state.withLock({ $0.files != files }) else { return }
        let stamps = files.map(FileStamp.init)
        self.state.withLock { $0 = State(files: files, watch: FileWatch(stamps)) }
    }
}
