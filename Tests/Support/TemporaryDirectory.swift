import Foundation
package import Testing

/// A new, empty folder with a short path, so that Unix sockets fit in it.
package struct TemporaryDirectory: Sendable {
    package let path: String

    /// The folder of the running test, made by the trait ``Testing/Trait/temporaryDirectory``.
    @TaskLocal package static var current: TemporaryDirectory?

    /// Makes the folder, readable by this user alone.
    ///
    /// - Throws: What the file system says.
    package init() throws {
        let name = "wk-" + String(UInt64.random(in: 0...(.max)), radix: 36)
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(name, isDirectory: true)
        try FileManager.default.createDirectory(
            at: url,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        self.path = url.path
    }

    /// The path of a file or folder in it, which need not exist.
    package func file(_ name: String) -> String {
        self.path + "/" + name
    }

    /// Removes the folder with all that is in it.
    package func remove() {
        // Left-over files of a test are no reason to fail it; the system's own cleaning gets them.
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

/// Runs `body` with a new folder and removes it afterwards, whatever happens.
///
/// - Parameter body: Gets the folder; must not use it after it returned.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or why the folder could not be made.
package func withTemporaryDirectory<Value>(
    _ body: (TemporaryDirectory) async throws -> Value
) async throws -> Value {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    return try await body(directory)
}

/// Gives every test it is put on a folder of its own; see ``TemporaryDirectory/current``.
package struct TemporaryDirectoryTrait: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    @concurrent
    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withTemporaryDirectory { directory in
            try await TemporaryDirectory.$current.withValue(directory) { try await function() }
        }
    }
}

extension Trait where Self == TemporaryDirectoryTrait {
    /// A folder of its own for each test case, removed afterwards.
    package static var temporaryDirectory: Self { Self() }
}
