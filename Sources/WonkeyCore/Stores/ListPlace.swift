/// A place in a list ordered by time and id, between two elements; a page starts there.
///
/// Unlike an offset it stays where it is when elements come and go.
package struct ListPlace: Equatable, Sendable {
    package var time: Timestamp
    package var id: String

    package init(time: Timestamp, id: String) {
        self.time = time
        self.id = id
    }
}
