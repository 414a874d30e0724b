extension Method {
    /// Reads a token; the methods everybody uses without making a string.
    init(_ bytes: Span<UInt8>) {
        guard bytes.count <= 7 else {
            self = .other(bytes.text)
            return
        }
        var packed: UInt64 = 0
        for index in bytes.indices { packed = packed << 8 | UInt64(bytes[index]) }
        self =
            switch packed {
            case 0x47_4554: .get
            case 0x4845_4144: .head
            case 0x504F_5354: .post
            case 0x50_5554: .put
            case 0x50_4154_4348: .patch
            case 0x4445_4C45_5445: .delete
            case 0x4F_5054_494F_4E53: .options
            case 0x54_5241_4345: .trace
            case 0x43_4F4E_4E45_4354: .connect
            default: .other(bytes.text)
            }
    }
}
