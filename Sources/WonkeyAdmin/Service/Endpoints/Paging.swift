/// A place in a list, between two things, opaque to clients: what the order is made of, as base64url.
package struct PageCursor: Equatable, Sendable {
    /// The values of the last thing seen that the list is ordered by, such as its time and id.
    package var parts: [String]

    package init(_ parts: String...) {
        self.parts = parts
    }

    package var text: String { Base64URL.encode(Array(JSONValue.array(self.parts.map { .string($0) }).text.utf8)) }

    /// Reads one; `nil` for what ``text`` never is.
    package init?(text: String) {
        guard let bytes = Base64URL.decode(text), let value = try? JSONValue(parsing: bytes),
            case .array(let elements) = value
        else { return nil }
        var parts: [String] = []
        for element in elements {
            guard case .string(let part) = element else { return nil }
            parts.append(part)
        }
        self.parts = parts
    }
}

extension Parameter {
    /// `limit`, for lists.
    package static let limit = Self.query("limit", .integer("How many at most; 50 if left out.", 1...100, example: 20))
    /// `cursor`, for lists.
    package static let cursor = Self.query(
        "cursor",
        .string("The `next_cursor` of the page before.", length: 1...512)
    )
}

extension EndpointRequest {
    /// How many things a page has at most: `limit`, else 50.
    package var pageLimit: Int { self.query(integer: "limit") ?? 50 }

    /// Where the page begins: `cursor`, or `nil` for the first page.
    ///
    /// - Parameter count: How many parts this list's cursors have.
    /// - Returns: The cursor.
    /// - Throws: ``Problem`` 422 for what is no cursor of this list; also throw ``Problem/badCursor`` if a part is not
    ///   what it should be.
    package func cursor(parts count: Int) throws(Problem) -> PageCursor? {
        guard let text = self.query("cursor") else { return nil }
        guard let cursor = PageCursor(text: text), cursor.parts.count == count else { throw .badCursor }
        return cursor
    }
}

extension Schema {
    /// `{"data": […], "next_cursor": …}` of such things.
    package static func page(of element: Schema) -> Self {
        .object([
            .required("data", .array(of: element)),
            .required("next_cursor", .string("Where the next page begins; `null` on the last.").nullable),
        ])
    }
}
