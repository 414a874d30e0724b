import NIOCore
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP
import WonkeyWiring

/// Why the sidecar did not start or had to stop.
enum StartError: Error {
    case cannotListen(Endpoint, any Error)
    /// `server.drain.timeout` was over before all requests were answered.
    case drainTimedOut
    /// A listener's `socket` was not passed.
    case socketNotPassed(name: String)

    /// One line for the operator.
    static func describe(_ error: any Error) -> String {
        switch error {
        case StartError.cannotListen(let endpoint, let cause):
            "cannot listen on \(endpoint): \(Self.describe(cause))"
        case StartError.drainTimedOut: "stopped with requests unanswered: server.drain.timeout is over"
        case StartError.socketNotPassed(let name):
            "a listener takes the socket '\(name)', and none of that name was passed (FileDescriptorName= of its unit)"
        case let error as InheritedSockets.Fault: error.message
        case let error as IOError: error.description
        case let error as TLSFileFault: "\(error.path) \(error.message)"
        case let error as StoreError: "store: \(error.message)"
        case let error as ServiceError: "libcurl: \(error.message)"
        default: "\(error)"
        }
    }
}
