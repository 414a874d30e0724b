package import WonkeyCore

/// A limit's exception as people write it: `NAME=LIMIT/WINDOW`, such as `per-minute=100/1m`.
package struct LimitArgument: Equatable, Sendable {
    package var name: String
    package var quota: Quota

    package init(name: String, quota: Quota) {
        self.name = name
        self.quota = quota
    }

    /// Reads one; whether the configuration has the limit is checked by the operation.
    ///
    /// - Throws: ``OperationError`` with code `.invalidInput`.
    package init(_ text: String) throws(OperationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw .invalid("\(quoted(text)) is no limit; write NAME=LIMIT/WINDOW, such as per-minute=100/1m")
        }
        guard let quota = Quota(text: parts[1]) else {
            let form = "a whole number, a slash and a duration, such as 100/1m or 5000/24h"
            throw .invalid("\(quoted(String(parts[1]))) is not LIMIT/WINDOW: \(form)")
        }
        self.init(name: String(parts[0]), quota: quota)
        try self.check()
    }

    /// Checks that the numbers are within their ranges.
    ///
    /// - Throws: ``OperationError`` with code `.invalidInput`.
    func check() throws(OperationError) {
        let most = "a limit is at most \(Self.limitMax) per window, and a window at most \(Self.windowMax.text)"
        guard (0...Self.limitMax).contains(self.quota.limit) else { throw .invalid(most, field: "limit") }
        guard self.quota.window >= .milliseconds(1), self.quota.window <= Self.windowMax else {
            throw .invalid(most, field: "window")
        }
    }

    /// Exact in the counter store's arithmetic.
    package static let limitMax = 1_000_000_000
    package static let windowMax = Duration.seconds(366 * 86_400)
}

/// Whose limits are meant, as given by the caller.
package enum LimitSubject: Equatable, Sendable {
    /// A key's id.
    case key(String)
    /// A project's name or id.
    case project(String)
}

extension AdministrationContext {
    /// Finds what overrides hang on.
    func overrideSubject(_ subject: LimitSubject) async throws(OperationError) -> OverrideSubject {
        switch subject {
        case .key(let id): .key(try await self.key(id).id)
        case .project(let nameOrID): .project(try await self.project(nameOrID).id)
        }
    }
}
