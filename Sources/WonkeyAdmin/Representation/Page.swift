package import WonkeyCore

/// How much of a list is asked for.
package struct PageRequest: Equatable, Sendable {
    /// As large as a page gets.
    package static let limitMax = 100

    /// `nil` starts with the first element.
    package var start: ListPlace?
    /// 1–``limitMax``.
    package var limit: Int

    package init(start: ListPlace? = nil, limit: Int = 50) {
        self.start = start
        self.limit = limit
    }
}

/// A part of a list, and where the next part starts.
package struct Page<Element: Sendable>: Sendable {
    package var elements: [Element]
    /// `nil` if nothing follows.
    package var next: ListPlace?

    package init(elements: [Element], next: ListPlace?) {
        self.elements = elements
        self.next = next
    }
}

extension PageRequest {
    /// Reads one page through a query that may give one element more, which tells whether another page follows.
    ///
    /// - Parameters:
    ///   - place: Where an element stands in the list.
    ///   - query: Reads at most so many elements from the start on.
    /// - Returns: The page.
    /// - Throws: ``OperationError`` with code `.invalidInput` for a limit out of range, and what the store says.
    package func read<Element: Sendable>(
        place: (Element) -> ListPlace,
        _ query: (_ start: ListPlace?, _ limit: Int) async throws(StoreError) -> [Element]
    ) async throws(OperationError) -> Page<Element> {
        guard (1...Self.limitMax).contains(self.limit) else {
            throw .invalid("a page has 1 to \(Self.limitMax) elements", field: "limit")
        }
        var elements = try await asking { () async throws(StoreError) in try await query(self.start, self.limit + 1) }
        guard elements.count > self.limit else { return Page(elements: elements, next: nil) }
        elements.removeLast(elements.count - self.limit)
        return Page(elements: elements, next: elements.last.map(place))
    }
}

extension PageCursor {
    /// The cursor of a list ordered by time and id.
    package init(_ place: ListPlace) {
        self.init(String(place.time.millisecondsSinceEpoch), place.id)
    }
}

extension EndpointRequest {
    /// The page that `cursor` and `limit` ask for, of a list ordered by time and id.
    ///
    /// - Throws: ``Problem`` 422 for what is no cursor of such a list.
    package var page: PageRequest {
        get throws(Problem) {
            var page = PageRequest(limit: self.pageLimit)
            guard let cursor = try self.cursor(parts: 2) else { return page }
            guard let time = Int64(cursor.parts[0]) else { throw .badCursor }
            page.start = ListPlace(time: Timestamp(millisecondsSinceEpoch: time), id: cursor.parts[1])
            return page
        }
    }
}

extension Reply {
    /// 200 with `{"data": […], "next_cursor": …}`.
    package static func page(_ page: Page<some Representable>) -> Self {
        .page(page.elements, next: page.next.map { PageCursor($0) })
    }
}
