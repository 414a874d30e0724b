package import HTTPTypes

/// What an endpoint answers: a status, fields and a JSON body or none.
package struct Reply: Sendable, Equatable {
    package var status: Int
    package var fields: HTTPFields
    package var body: JSONValue?

    package init(status: Int, fields: HTTPFields = [:], body: JSONValue? = nil) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// 200 with a thing's JSON form.
    package static func ok(_ thing: some Representable) -> Self { Self(status: 200, body: thing.json) }

    /// 200 with that JSON.
    package static func ok(_ body: JSONValue) -> Self { Self(status: 200, body: body) }

    /// 201 with a thing's JSON form and, where the thing has a route of its own, its `Location`.
    package static func created(_ thing: some Representable, at location: String? = nil) -> Self {
        .created(thing.json, at: location)
    }

    /// 201 with that JSON.
    package static func created(_ body: JSONValue, at location: String? = nil) -> Self {
        var reply = Self(status: 201, body: body)
        if let location { reply.fields[.location] = location }
        return reply
    }

    /// 204.
    package static var noContent: Self { Self(status: 204) }

    /// 200 with `{"data": […], "next_cursor": …}`.
    ///
    /// - Parameters:
    ///   - things: In order.
    ///   - next: Where the next page begins, `nil` after the last.
    /// - Returns: The answer.
    package static func page(_ things: some Sequence<some Representable>, next: PageCursor?) -> Self {
        .ok(["data": .array(things.map(\.json)), "next_cursor": JSONValue(next?.text)])
    }

    /// The same with the ETag of a version.
    package func tagged(version: Int64) -> Self {
        self.with(.eTag, EntityTag.text(version: version))
    }

    /// The same with one more field.
    package func with(_ name: HTTPField.Name, _ value: String) -> Self {
        var reply = self
        reply.fields[name] = value
        return reply
    }
}
