import Foundation
import WonkeyAdmin

/// Standard output: JSON or text, in colours where they are wanted.
struct Output: Sendable {
    let format: OutputFormat
    let style: Style

    init(_ options: CommonOptions, environment: [String: String]) {
        self.format = options.output
        let usesColor =
            switch options.color {
            case .always: true
            case .never: false
            case .auto:
                isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty
                    && environment["TERM"] != "dumb"
            }
        self.style = usesColor ? .colored : .plain
    }

    /// Prints a result in the asked format.
    func show(_ value: JSONValue, text: () -> String) throws {
        switch self.format {
        case .json: try Self.write(value.text + "\n")
        case .text: try Self.write(text())
        }
    }

    /// Prints an aligned table, or the elements as `{"data": […]}`.
    func show<Element: Representable>(_ elements: [Element], table: (Style) -> Table) throws {
        try self.show(.list(elements)) { table(self.style).text(self.style) }
    }

    /// Writes all of it.
    ///
    /// - Throws: ``CommandFailure`` if standard output takes no more, so that nobody believes a lost key was printed.
    static func write(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            throw CommandFailure(status: 1, message: "standard output cannot be written: \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError
        let code = [error, underlying].compactMap(\.self).first { $0.domain == NSPOSIXErrorDomain }?.code
        return code.flatMap { POSIXErrorCode(rawValue: Int32($0)) }.map { "\($0)" } ?? error.localizedDescription
    }
}

/// Colours, or none.
enum Style: Sendable {
    case plain, colored

    enum Color: String { case bold = "1", red = "31", green = "32", yellow = "33" }

    func paint(_ text: String, _ color: Color?) -> String {
        switch self {
        case .plain: text
        case .colored: color.map { "\u{1B}[\($0.rawValue)m\(text)\u{1B}[0m" } ?? text
        }
    }
}
