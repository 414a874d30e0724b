internal import NIOCore
internal import NIOHTTP2

/// What an HTTP/2 client may do on one connection; above a rate the connection is closed with GOAWAY.
///
/// - SeeAlso: RFC 9113 §10.5; each bound answers a known way of making a server work for nothing.
package struct HTTP2Limits: Hashable, Sendable {
    /// Requests at the same time; whoever knows of the bound and exceeds it loses the connection.
    package var streamsMax = 100
    /// Body bytes a client may send ahead on one stream, 65 535…2^31 - 1.
    package var windowBytes = 65_535
    /// CONTINUATION frames of one header section.
    package var continuationsMax = 8
    /// Requests a client takes back, within ``rateWindow`` ("rapid reset").
    package var resetsMax = 200
    /// SETTINGS, PING and PRIORITY frames, within ``rateWindow``.
    package var controlFramesMax = 1_000
    /// Malformed requests, within ``rateWindow``.
    package var errorsMax = 100
    /// DATA frames without data, one after the other.
    package var emptyFramesMax = 16

    /// Answer bytes waiting on a stream above which it is not writable; a client may have many, so it is one frame.
    static let streamBufferBytesMax = 16 * 1024
    /// How long what counts for the rates is remembered.
    package static let rateWindow: Duration = .seconds(30)

    package init() {}
}

extension HTTP2Limits {
    /// The largest header section that is decoded: what may be answered with 431, and some more.
    private static func headerListBytesMax(_ limits: ServerLimits) -> Int {
        // Each line counts 32 bytes more than it has (RFC 9113 §6.5.2).
        limits.fieldSectionBytesMax + limits.requestLineBytesMax + 32 * limits.fieldCountMax + 16 * 1024
    }

    /// The settings of the library for a server's connections.
    static func connectionConfiguration(_ limits: ServerLimits) -> NIOHTTP2Handler.ConnectionConfiguration {
        let window = TimeAmount.milliseconds(HTTP2Limits.rateWindow.inMilliseconds)
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.http2.streamsMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: HTTP2Limits.headerListBytesMax(limits)),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.http2.windowBytes),
        ]
        configuration.maximumSequentialContinuationFrames = limits.http2.continuationsMax
        configuration.maximumSequentialEmptyDataFrames = limits.http2.emptyFramesMax
        configuration.maximumBufferedControlFrames = limits.http2.controlFramesMax
        configuration.maximumConnectionGlitches = limits.http2.errorsMax
        // One stream that nobody reads must not hold up the others; each has a window of its own.
        configuration.targetWindowSize = max(1 << 20, limits.http2.windowBytes)
        configuration.controlFrameRateLimit.maximumCount = limits.http2.controlFramesMax
        configuration.controlFrameRateLimit.windowLength = window
        return configuration
    }

    static func streamConfiguration(_ limits: ServerLimits) -> NIOHTTP2Handler.StreamConfiguration {
        let window = TimeAmount.milliseconds(HTTP2Limits.rateWindow.inMilliseconds)
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = limits.http2.windowBytes
        let bufferBytesMax = min(limits.writeBufferBytesMax, HTTP2Limits.streamBufferBytesMax)
        configuration.outboundBufferSizeHighWatermark = bufferBytesMax
        configuration.outboundBufferSizeLowWatermark = bufferBytesMax / 2
        configuration.streamResetFrameRateLimit.maximumCount = limits.http2.resetsMax
        configuration.streamResetFrameRateLimit.windowLength = window
        configuration.streamErrorRateLimit.maximumCount = limits.http2.errorsMax
        configuration.streamErrorRateLimit.windowLength = window
        return configuration
    }
}
