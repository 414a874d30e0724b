import NIOCore
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP

/// Why the sidecar did not start or had to stop.
enum StartError: Error {
    case cannotListen(Endpoint, any Error)

    /// One line for the operator.
    static func describe(_ error: any Error) -> String {
        switch error {
        case StartError.cannotListen(let endpoint, let cause):
            "cannot listen on \(endpoint): \(Self.describe(cause))"
        case let error as IOError: error.description
        case let error as TLSFileFault: "\(error.path) \(error.message)"
        case let error as StoreError: "store: \(error.message)"
        case let error as ServiceError: "libcurl: \(error.message)"
        default: "\(error)"
        }
    }
}
