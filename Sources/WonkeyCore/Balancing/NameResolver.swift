/// One server of a service (RFC 2782).
package struct ServiceRecord: Hashable, Sendable {
    package var host: String
    package var port: Int
    /// Lower is asked first.
    package var priority: Int
    /// Share among those of one priority.
    package var weight: Int

    package init(host: String, port: Int, priority: Int, weight: Int) {
        self.host = host
        self.port = port
        self.priority = priority
        self.weight = weight
    }
}

/// What a name stands for now.
package struct Resolution<Records: Hashable & Sendable>: Hashable, Sendable {
    package var records: Records
    /// How long that may be believed; `nil` where nobody says.
    package var timeToLive: Duration?

    package init(_ records: Records, timeToLive: Duration? = nil) {
        self.records = records
        self.timeToLive = timeToLive
    }
}

/// A name could not be resolved; meant for the log.
package struct ResolutionError: Error, Hashable {
    package enum Code: Sendable { case notFound, unavailable, malformedReply }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Asks the domain name system; answers as the machine is set up to.
package protocol NameResolver: Sendable {
    /// IPv4 and IPv6 addresses of a host; at least one.
    func addresses(of host: String) async throws(ResolutionError) -> Resolution<[IPAddress]>

    /// SRV records of a service, such as `_http._tcp.example.com`; at least one.
    func services(of name: String) async throws(ResolutionError) -> Resolution<[ServiceRecord]>
}
