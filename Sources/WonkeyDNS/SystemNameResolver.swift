internal import CResolv
internal import Glibc
internal import NIOPosix
package import WonkeyCore

/// Resolves names as the machine does: hosts file and name service switch for addresses, the configured name servers
/// for SRV records and for times to live.
///
/// The system's calls block, so they run on NIO's pool of threads; how long they may take is in `resolv.conf`.
package struct SystemNameResolver: NameResolver {
    package init() {}

    package func addresses(of host: String) async throws(ResolutionError) -> Resolution<[IPAddress]> {
        try await self.blocking { () throws(ResolutionError) in
            let addresses = try SystemQuery.addresses(of: host)
            return Resolution(addresses, timeToLive: SystemQuery.timeToLive(of: host, among: addresses))
        }
    }

    package func services(of name: String) async throws(ResolutionError) -> Resolution<[ServiceRecord]> {
        try await self.blocking { () throws(ResolutionError) in
            let answers = try SystemQuery.search(name, type: CInt(ns_t_srv.rawValue)).answers
            return try DNSMessage.services(in: answers, of: name)
        }
    }

    private func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ResolutionError) -> Value
    ) async throws(ResolutionError) -> Value {
        let result: Result<Value, ResolutionError>
        do {
            result = try await NIOThreadPool.singleton.runIfActive { Result(catching: body) }
        } catch {
            throw ResolutionError(.unavailable, "the resolver was interrupted")
        }
        return try result.get()
    }
}

extension DNSMessage {
    /// The servers an answer names.
    ///
    /// - Throws: ``ResolutionError`` if there are none, or if the service says that it is not offered (`.`).
    static func services(
        in answers: [Record],
        of name: String
    ) throws(ResolutionError) -> Resolution<[ServiceRecord]> {
        var records: [ServiceRecord] = []
        var timeToLive: UInt32 = .max
        for answer in answers {
            guard case .service(let priority, let weight, let port, let host) = answer.content, !host.isEmpty, port > 0
            else { continue }
            records.append(ServiceRecord(host: host.lowercased(), port: port, priority: priority, weight: weight))
            timeToLive = min(timeToLive, answer.timeToLive)
        }
        guard !records.isEmpty else { throw ResolutionError(.notFound, "no SRV records for \(name)") }
        return Resolution(records, timeToLive: .seconds(Int64(timeToLive)))
    }

    /// How long these addresses may be believed; `nil` if the answer is about others.
    static func timeToLive(in answers: [Record], of addresses: [IPAddress]) -> Duration? {
        var shortest: UInt32?
        for answer in answers {
            guard case .address(let bytes) = answer.content else { continue }
            guard let address = IPAddress(bytes: bytes), addresses.contains(address) else { return nil }
            shortest = min(shortest ?? .max, answer.timeToLive)
        }
        return shortest.map { .seconds(Int64($0)) }
    }
}

/// The system's blocking calls.
private enum SystemQuery {
    private static let answerBytesMax = 64 * 1024

    static func addresses(of host: String) throws(ResolutionError) -> [IPAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        // `list` is written on success only, and freed once all of it was read.
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0, let first = unsafe list else {
            let message = unsafe String(cString: gai_strerror(status))
            throw ResolutionError(status == EAI_NONAME ? .notFound : .unavailable, message)
        }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe Self.address(entry.pointee), !addresses.contains(address) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw ResolutionError(.notFound, "no addresses") }
        return addresses
    }

    /// The address of an entry, whose family says which structure it points to.
    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let raw = unsafe UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch unsafe entry.ai_family {
        case AF_INET:
            let address = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            return IPAddress(bytes: Self.bytes(of: address.sin_addr))
        case AF_INET6:
            let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
            return IPAddress(bytes: Self.bytes(of: address.sin6_addr))
        default: return nil
        }
    }

    /// The bytes of a plain C structure without padding.
    private static func bytes<Structure>(of structure: Structure) -> [UInt8] {
        unsafe withUnsafeBytes(of: structure) { unsafe Array($0) }
    }

    /// Asks the name servers for what the name service switch does not tell.
    static func timeToLive(of host: String, among addresses: [IPAddress]) -> Duration? {
        let type = addresses.contains(where: \.isIPv4) ? ns_t_a : ns_t_aaaa
        guard let message = try? Self.search(host, type: CInt(type.rawValue)) else { return nil }
        return DNSMessage.timeToLive(in: message.answers, of: addresses)
    }

    static func search(_ name: String, type: CInt) throws(ResolutionError) -> DNSMessage {
        var answer = [UInt8](repeating: 0, count: Self.answerBytesMax)
        let length = unsafe wonkey_res_search(name, type, &answer, CInt(answer.count))
        switch length {
        case -HOST_NOT_FOUND, -NO_DATA: throw ResolutionError(.notFound, "no such name or record")
        case ..<0: throw ResolutionError(.unavailable, "the name servers did not answer")
        default:
            guard let message = DNSMessage(Array(answer.prefix(Int(length)))) else {
                throw ResolutionError(.malformedReply, "the name server's answer cannot be read")
            }
            return message
        }
    }
}
