/// Certificates in use, loaded again when their files change; all calls but ``certificates`` block.
package protocol TLSReloadable: AnyObject, Sendable {
    var certificates: [TLSCertificateInfo] { get }

    /// Looks at the files, and loads them if they have changed and stayed so since the last look.
    func poll() -> FileReload

    /// Loads the files, changed or not.
    func reload() -> FileReload
}

/// What is kept per connection.
enum TLSBuffers {
    /// Room for encrypted bytes kept between writes; what a large answer took beyond it is given back.
    static let preservedBytesMax = 16 * 1024
}
