extension String {
    /// Appends `text` as a JSON string (RFC 8259) in its quotes.
    ///
    /// DEL, the C1 controls and the line separators are escaped as well: a line of JSON may end up on a terminal.
    package mutating func appendJSONString(_ text: String) {
        self += "\""
        defer { self += "\"" }
        if text.isPlainJSON {
            self += text
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": self += "\\\""
            case "\\": self += "\\\\"
            case "\n": self += "\\n"
            case "\r": self += "\\r"
            case "\t": self += "\\t"
            case "\u{00}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                self += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: self.unicodeScalars.append(scalar)
            }
        }
    }

    /// Whether all of it is printable ASCII that stands for itself in JSON.
    private var isPlainJSON: Bool {
        let bytes = self.utf8Span.span
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
                return false
            }
        }
        return true
    }
}
