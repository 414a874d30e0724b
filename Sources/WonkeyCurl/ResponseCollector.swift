import WonkeyCore

/// Builds an answer out of what libcurl's callbacks deliver.
struct ResponseCollector {
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    private(set) var isTooLarge = false
    private let sizeMax: Int

    init(sizeMax: Int) {
        self.sizeMax = sizeMax
    }

    /// Takes one header line with its line end.
    ///
    /// libcurl delivers every header block, interim answers (1xx) and trailers included: a status line starts over,
    /// and what follows the body is dropped.
    mutating func headerLineReceived(_ line: [UInt8]) {
        guard self.body.isEmpty else { return }
        var line = line[...]
        while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
        if line.starts(with: Array("HTTP/".utf8)) {
            self.headers = []
        } else if let first = line.first, first == 0x20 || first == 0x09 {
            guard !self.headers.isEmpty else { return }
            self.headers[self.headers.count - 1].value += " " + Self.text(line)
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = Self.text(line[..<colon]).lowercased()
            self.headers.append((name, Self.text(line[(colon + 1)...])))
        }
    }

    /// Takes body bytes.
    ///
    /// - Returns: Whether they fit; if not, the transfer must end.
    mutating func bodyReceived(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= self.sizeMax - self.body.count else {
            self.isTooLarge = true
            return false
        }
        if self.body.isEmpty { self.reserve() }
        unsafe self.body.append(contentsOf: bytes)
        return true
    }

    func response(status: Int) -> ServiceResponse {
        ServiceResponse(status: status, headers: self.headers, body: self.body)
    }

    private mutating func reserve() {
        guard let field = self.headers.first(where: { $0.name == "content-length" }), let length = Int(field.value)
        else {
            return
        }
        self.body.reserveCapacity(min(max(length, 0), self.sizeMax))
    }

    private static func text(_ bytes: some BidirectionalCollection<UInt8>) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let end = bytes.lastIndex { !isBlank($0) }.map { bytes.index(after: $0) } ?? bytes.startIndex
        return String(decoding: bytes[..<end].drop(while: isBlank), as: UTF8.self)
    }
}
