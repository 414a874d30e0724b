/// What a proxy must do by RFC 9110, RFC 9112, RFC 7239 and RFC 9113, each duty by the short name the rows carry.
///
/// A row of the corpus says at the head of its name which duties it shows: `"R9, F22: …"`.
enum Duty: String, CaseIterable, Comparable, Sendable {
    // Reading a request.
    case R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12, R13, R14, R15, R16, R17, R18, R19
    // Where a body ends.
    case B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15
    // Forwarding.
    case F1, F2, F3, F4, F5, F6, F7, F8, F9, F10, F11, F12, F13, F14, F15, F16, F17, F18, F19, F20, F21, F22
    // Who the client is.
    case X1, X2, X3, X4, X5
    // HTTP/2 in front of HTTP/1.1, by the section of RFC 9113.
    case contentLength = "H8.1.1"
    case fields = "H8.2.1"
    case connectionFields = "H8.2.2"
    case cookies = "H8.2.3"
    case pseudoFields = "H8.3.1"
    // Bounds on what one HTTP/2 connection may ask for.
    case streams = "H.streams"
    case headerList = "H.header-list"
    case continuations = "H.continuations"
    case resets = "H.resets"
    case settings = "H.settings"
    case pings = "H.pings"

    static func < (left: Duty, right: Duty) -> Bool { left.rawValue < right.rawValue }

    /// The duties a row's name begins with.
    ///
    /// - Returns: `nil` if there are none, or one that does not exist. Duties of the gate (`A…`, `L…`) are no part of this.
    static func named(in name: String) -> Set<Duty>? {
        guard let colon = name.firstIndex(of: ":") else { return nil }
        var duties: Set<Duty> = []
        for word in name[..<colon].split(separator: ",") {
            let id = word.drop { $0 == " " }
            if id.wholeMatch(of: /[AL]\d+(-[AL]\d+)?/) != nil { continue }
            guard let duty = Duty(rawValue: String(id)) else { return nil }
            duties.insert(duty)
        }
        return duties
    }
}
