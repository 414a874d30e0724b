/// The answer section of a message of the domain name system (RFC 1035 §4).
///
/// Strict: what does not fit into the bytes is no message. Names are in presentation form without the final dot.
struct DNSMessage: Equatable {
    struct Record: Equatable {
        enum Content: Equatable {
            /// A or AAAA.
            case address([UInt8])
            case service(priority: Int, weight: Int, port: Int, host: String)
            case other
        }

        var name: String
        var timeToLive: UInt32
        var content: Content
    }

    var answers: [Record]

    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard reader.skip(4), let questions = reader.number16(), let count = reader.number16(), reader.skip(4) else {
            return nil
        }
        for _ in 0..<questions {
            guard reader.name() != nil, reader.skip(4) else { return nil }
        }
        var answers: [Record] = []
        for _ in 0..<count {
            guard let record = reader.record() else { return nil }
            answers.append(record)
        }
        self.answers = answers
    }
}

extension DNSMessage {
    private struct Reader {
        /// A name has at most 255 bytes, and so no more labels than half of that.
        private static let labelsMax = 127

        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func skip(_ count: Int) -> Bool {
            guard self.position + count <= self.bytes.count else { return false }
            self.position += count
            return true
        }

        mutating func number16() -> Int? {
            let start = self.position
            guard self.skip(2) else { return nil }
            return Int(self.bytes[start]) << 8 | Int(self.bytes[start + 1])
        }

        mutating func name() -> String? {
            var labels: [String] = []
            /// Where reading goes on behind the first pointer.
            var end: Int?
            var jumps = 0
            while self.position < self.bytes.count {
                let length = Int(self.bytes[self.position])
                switch length {
                case 0:
                    self.position = end ?? self.position + 1
                    return labels.joined(separator: ".")
                case 1...63:
                    let start = self.position + 1
                    guard self.skip(1 + length), labels.count < Self.labelsMax else { return nil }
                    labels.append(String(decoding: self.bytes[start..<self.position], as: UTF8.self))
                case 0xC0...0xFF:
                    guard let pointer = self.number16(), jumps < Self.labelsMax else { return nil }
                    end = end ?? self.position
                    jumps += 1
                    self.position = pointer & 0x3FFF
                default: return nil
                }
            }
            return nil
        }

        mutating func record() -> Record? {
            guard let name = self.name(), let type = self.number16(), self.skip(2), let high = self.number16(),
                let low = self.number16(), let length = self.number16(), self.position + length <= self.bytes.count
            else { return nil }
            let end = self.position + length
            guard let content = self.content(type: type, end: end) else { return nil }
            self.position = end
            // RFC 2181 §8: a TTL with its top bit set counts as zero.
            let timeToLive = high & 0x8000 == 0 ? UInt32(high) << 16 | UInt32(low) : 0
            return Record(name: name, timeToLive: timeToLive, content: content)
        }

        private mutating func content(type: Int, end: Int) -> Record.Content? {
            let length = end - self.position
            switch type {
            case 1: return length == 4 ? .address(Array(self.bytes[self.position..<end])) : nil
            case 28: return length == 16 ? .address(Array(self.bytes[self.position..<end])) : nil
            case 33:
                guard length > 6, let priority = self.number16(), let weight = self.number16(),
                    let port = self.number16(), let host = self.name()
                else { return nil }
                return .service(priority: priority, weight: weight, port: port, host: host)
            default: return .other
            }
        }
    }
}
