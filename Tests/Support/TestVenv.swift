import Foundation

/// The Python packages that tests speak to our programs with; `deploy/test` installs them.
package enum TestVenv {
    /// Finds a program of the virtual environment, such as `python` or `schemathesis`.
    ///
    /// - Throws: ``BuiltProduct/Failure`` if it is not there.
    package static func program(_ name: String) throws -> BuiltProduct {
        let folder = ProcessInfo.processInfo.environment["WONKEY_TEST_VENV"] ?? ".build/test-venv"
        let path = URL(fileURLWithPath: folder).appendingPathComponent("bin/\(name)").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BuiltProduct.Failure(message: "there is no \(path); run deploy/test, which installs it")
        }
        return BuiltProduct(path: path)
    }

    /// The path of a script beside a test file, below `Programs`.
    package static func script(_ name: String, beside file: String = #filePath) -> String {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Programs/\(name)").path
    }
}
