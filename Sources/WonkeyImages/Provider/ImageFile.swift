import Foundation

/// An image as the provider sent it, identified by its bytes: declared media types are not believed.
struct ImageFile: Equatable, Sendable {
    enum Format: String, Sendable, CaseIterable {
        case png, jpeg, webp

        var contentType: String { "image/\(self.rawValue)" }

        var fileExtension: String { self == .jpeg ? "jpg" : self.rawValue }
    }

    let bytes: [UInt8]
    let format: Format
    /// As the file's header says; `nil` if it cannot be read.
    let size: PixelSize?

    /// Identifies an image by its first bytes; `nil` for anything but PNG, JPEG and WebP.
    init?(_ bytes: [UInt8]) {
        let format: Format
        if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            format = .png
        } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            format = .jpeg
        } else if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) {
            format = .webp
        } else {
            return nil
        }
        self.bytes = bytes
        self.format = format
        self.size = Self.size(bytes, format)
    }

    /// Decodes base64 in the standard alphabet with padding, and nothing else.
    static func decodeBase64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard !text.isEmpty, text.count.isMultiple(of: 4), let data = Data(base64Encoded: Data(text)) else {
            return nil
        }
        return [UInt8](data)
    }

    /// `data:image/png;base64,…`.
    var dataURL: String { "data:\(self.format.contentType);base64," + Data(self.bytes).base64EncodedString() }

    private static func size(_ bytes: [UInt8], _ format: Format) -> PixelSize? {
        let reader = ByteReader(bytes: bytes)
        let size: PixelSize? =
            switch format {
            case .png: Self.pngSize(reader)
            case .jpeg: Self.jpegSize(reader)
            case .webp: Self.webpSize(reader)
            }
        guard let size, size.width > 0, size.height > 0 else { return nil }
        return size
    }

    /// IHDR comes first.
    private static func pngSize(_ reader: ByteReader) -> PixelSize? {
        guard reader.text(12, 4) == "IHDR", let width = reader.big(16, 4), let height = reader.big(20, 4) else {
            return nil
        }
        return PixelSize(width, height)
    }

    /// The first start-of-frame segment.
    private static func jpegSize(_ reader: ByteReader) -> PixelSize? {
        var position = 2
        while reader.big(position, 1) == 0xff, let marker = reader.big(position + 1, 1) {
            switch marker {
            case 0xff:  // fill byte
                position += 1
            case 0x01, 0xd0...0xd8:  // no length
                position += 2
            case 0xc0...0xcf where marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
                guard let height = reader.big(position + 5, 2), let width = reader.big(position + 7, 2) else {
                    return nil
                }
                return PixelSize(width, height)
            case 0xd9, 0xda:  // end, or pixels before a frame
                return nil
            default:
                guard let length = reader.big(position + 2, 2), length >= 2 else { return nil }
                position += 2 + length
            }
        }
        return nil
    }

    private static func webpSize(_ reader: ByteReader) -> PixelSize? {
        switch reader.text(12, 4) {
        case "VP8 ":
            guard reader.big(23, 3) == 0x9d012a, let width = reader.little(26, 2), let height = reader.little(28, 2)
            else {
                return nil
            }
            return PixelSize(width & 0x3fff, height & 0x3fff)
        case "VP8L":
            guard reader.big(20, 1) == 0x2f, let bits = reader.little(21, 4) else { return nil }
            return PixelSize((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        case "VP8X":
            guard let width = reader.little(24, 3), let height = reader.little(27, 3) else { return nil }
            return PixelSize(width + 1, height + 1)
        default:
            return nil
        }
    }
}

/// Reads numbers out of bytes that may end anywhere.
private struct ByteReader {
    let bytes: [UInt8]

    func big(_ offset: Int, _ count: Int) -> Int? {
        self.slice(offset, count)?.reduce(0) { $0 << 8 | Int($1) }
    }

    func little(_ offset: Int, _ count: Int) -> Int? {
        self.slice(offset, count)?.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    func text(_ offset: Int, _ count: Int) -> String? {
        self.slice(offset, count).map { String(decoding: $0, as: UTF8.self) }
    }

    private func slice(_ offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        offset + count <= self.bytes.count ? self.bytes[offset..<(offset + count)] : nil
    }
}
