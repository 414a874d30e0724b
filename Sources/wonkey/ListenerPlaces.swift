import Logging
import WonkeyConfig
import WonkeyHTTP
import WonkeyWiring

/// Where all listeners of the process listen: on sockets that were passed to it, or on ones of its own.
struct ListenerPlaces {
    let operations: ListenerPlace?
    private let publicPlaces: [ListenerPlace]

    /// Shares the passed sockets out.
    ///
    /// - Parameters:
    ///   - configuration: Its listeners.
    ///   - passed: By whoever started the process.
    ///   - logger: Told of sockets that are for nobody.
    /// - Throws: ``StartError`` if a socket that a listener names was not passed.
    init(_ configuration: Configuration, passed: InheritedSockets, logger: Logger) throws {
        var passed = passed
        let sharing: PortSharing = configuration.server.reusesPort ? .shared : .exclusive
        self.publicPlaces = try configuration.listeners.map { listener in
            let descriptor = passed.take(name: listener.socketName, address: listener.address)
            if let name = listener.socketName, descriptor == nil { throw StartError.socketNotPassed(name: name) }
            return ListenerPlace(
                endpoint: listener.address,
                proxyProtocol: listener.proxyProtocolSources.map { ProxyProtocolRules(sources: $0) },
                takesHTTP2: listener.http2,
                descriptor: descriptor,
                sharing: sharing
            )
        }
        self.operations = configuration.operations.map { operations in
            let descriptor = passed.take(name: nil, address: operations.address)
            return ListenerPlace(endpoint: operations.address, descriptor: descriptor, sharing: sharing)
        }
        for socket in passed.closeRest() {
            let address = socket.address.map { "\($0)" } ?? "unknown"
            logger.warning(
                "a passed socket is for no listener",
                metadata: ["name": "\(socket.name)", "address": "\(address)"]
            )
        }
    }

    /// The public ones, with what they speak.
    func listeners(_ tls: ListenerTLS) -> [ListenerPlace] {
        zip(self.publicPlaces, tls.parts).map { place, tls in
            var place = place
            place.tls = tls
            return place
        }
    }
}
