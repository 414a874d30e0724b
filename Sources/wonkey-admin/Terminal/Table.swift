import WonkeyAdmin

/// Columns of text, aligned with spaces.
struct Table {
    struct Column {
        enum Alignment { case left, right }

        var title: String
        var alignment = Alignment.left
        /// In terminal cells, where rows are printed one after the other.
        var widthMin = 0
    }

    struct Cell {
        var text: String
        var color: Style.Color?

        /// Takes any text: what could steer a terminal is replaced.
        init(_ text: String?, _ color: Style.Color? = nil) {
            self.text = text.map(printable) ?? "-"
            self.color = color
        }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    /// The table with its head.
    func text(_ style: Style) -> String {
        let head = self.columns.map { Cell($0.title, .bold) }
        return self.lines([head] + self.rows, style)
    }

    /// The rows alone, for what follows on an earlier head.
    func rowsText(_ style: Style) -> String {
        self.lines(self.rows, style)
    }

    private func lines(_ rows: [[Cell]], _ style: Style) -> String {
        let widths = self.columns.indices.map { index in
            rows.reduce(self.columns[index].widthMin) { max($0, terminalWidth($1[index].text)) }
        }
        return rows.map { self.line($0, widths, style) + "\n" }.joined()
    }

    private func line(_ row: [Cell], _ widths: [Int], _ style: Style) -> String {
        var line = ""
        for (index, cell) in row.enumerated() {
            let padding = String(repeating: " ", count: widths[index] - terminalWidth(cell.text))
            let text = style.paint(cell.text, cell.color)
            let isLast = index == row.count - 1
            switch self.columns[index].alignment {
            case .left: line += isLast ? text : text + padding + "  "
            case .right: line += padding + text + (isLast ? "" : "  ")
            }
        }
        return line
    }
}

/// Names and values, one pair a line.
func details(_ pairs: [(name: String, value: String?)], _ style: Style) -> String {
    let width = pairs.map(\.name.count).max() ?? 0
    return pairs.map { pair in
        let padding = String(repeating: " ", count: width - pair.name.count)
        return "\(style.paint(pair.name, .bold))\(padding)  \(pair.value.map(printable) ?? "-")\n"
    }
    .joined()
}

/// How many cells of a terminal a text takes: East Asian wide characters and emoji take two.
func terminalWidth(_ text: String) -> Int {
    text.reduce(0) { width, character in
        guard let scalar = character.unicodeScalars.first else { return width }
        return width + (isWide(scalar) ? 2 : 1)
    }
}

private func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
        true
    default: scalar.properties.isEmojiPresentation
    }
}
