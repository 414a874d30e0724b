internal import Synchronization

/// What became of looking at the files of a ``FileBacked`` value.
package enum FileReload: Equatable, Sendable {
    case unchanged
    case reloaded
    /// The files are not usable; the value made of the earlier ones stays.
    case failed(TLSFileFault)
}

/// A value made of files, which is made again when they change.
package final class FileBacked<Value: Sendable>: Sendable {
    typealias Load = @Sendable () throws(TLSFileFault) -> Value

    private struct State {
        var value: Value
        var watch: FileWatch
    }

    private let files: [String]
    private let load: Load
    private let state: Mutex<State>

    /// Loads the first value; blocks.
    ///
    /// - Parameters:
    ///   - files: What the value is made of.
    ///   - load: Makes it.
    /// - Throws: What `load` throws.
    init(files: [String], load: @escaping Load) throws(TLSFileFault) {
        // Looked at before they are read: what changes in between is seen as a change later.
        let watch = FileWatch(files.map(FileStamp.init))
        self.files = files
        self.load = load
        self.state = Mutex(State(value: try load(), watch: watch))
    }

    /// The value in use.
    var value: Value { self.state.withLock(\.value) }

    /// Looks at the files, and loads them if they have changed and stayed so since the last look; blocks.
    func poll() -> FileReload {
        let stamps = self.files.map(FileStamp.init)
        switch self.state.withLock({ $0.watch.looked(stamps) }) {
        case .none: return .unchanged
        case .load: return self.replace()
        }
    }

    /// Loads the files, changed or not; blocks.
    func reload() -> FileReload {
        let stamps = self.files.map(FileStamp.init)
        self.state.withLock { $0.watch.readAgain(stamps) }
        return self.replace()
    }

    private func replace() -> FileReload {
        do throws(TLSFileFault) {
            let value = try self.load()
            self.state.withLock { $0.value = value }
            return .reloaded
        } catch {
            return .failed(error)
        }
    }
}
