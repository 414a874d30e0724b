import Foundation
import Support

/// A request as a server understood it; octets are read as Latin-1.
struct SeenRequest: Equatable, Sendable {
    /// Method and target.
    var line: String
    /// `Name: value`, in order.
    var fields: [String]
    var body: String
    /// Whether it was complete for the server, and answered.
    var isServed = true

    var target: Substring { self.line.drop { $0 != " " }.dropFirst() }

    /// With lower-case names, as HAProxy keeps them.
    var lowercased: SeenRequest {
        var seen = self
        seen.fields = self.fields.map { field in
            let colon = field.firstIndex(of: ":") ?? field.endIndex
            return field[..<colon].lowercased() + field[colon...]
        }
        return seen
    }
}

/// A server of somebody else's that reads every request to its end before it answers, and writes down what it read.
enum RealServer: String, CaseIterable, Sendable {
    case nginx, haproxy

    private var program: String { "/usr/sbin/\(self.rawValue)" }

    /// What it must have written down if it was sent `seen`.
    func record(of seen: SeenRequest) -> SeenRequest {
        switch self {
        case .nginx: seen
        case .haproxy: seen.lowercased
        }
    }

    /// Runs the server, lets `body` use it, and stops it.
    ///
    /// - Parameters:
    ///   - directory: For its files.
    ///   - behind: Ports of the servers it asks below `/silent`, `/stream` and `/upgrade`.
    ///   - body: Gets its port.
    /// - Returns: What it was asked, in order, but for `/up`.
    /// - Throws: What `body` throws, or why the server does not run.
    func serving(
        in directory: TemporaryDirectory,
        behind: (silent: Int, stream: Int, upgrade: Int),
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> [SeenRequest] {
        let port = try await FreePort.reserve()
        let text = self.configuration
            .replacingOccurrences(of: "DIRECTORY", with: directory.path)
            .replacingOccurrences(of: "PORT", with: "\(port)")
            .replacingOccurrences(of: "SILENT", with: "\(behind.silent)")
            .replacingOccurrences(of: "STREAM", with: "\(behind.stream)")
            .replacingOccurrences(of: "UPGRADE", with: "\(behind.upgrade)")
        let file = directory.file("\(self.rawValue).conf")
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let command = [
            "-c", #"out=$1; shift; exec "$@" >"$out""#, "sh", directory.file("access.log"), self.program,
        ]
        _ = try await BuiltProduct(path: "/bin/sh").run(
            command + self.arguments(file, directory),
            within: .seconds(200)
        ) {
            program in
            do {
                try await eventually(self.rawValue) {
                    try await withTestClient(port: port) { try await $0.send("GET", "/up").status == 200 }
                }
                try await body(port)
            } catch {
                try program.signal(.kill)
                throw error
            }
            try program.signal(.terminate)
        }
        return try self.seen(in: directory).filter { $0.target != "/up" }
    }

    private func arguments(_ file: String, _ directory: TemporaryDirectory) -> [String] {
        switch self {
        case .nginx: ["-c", file, "-e", "stderr", "-p", directory.path]
        case .haproxy: ["-db", "-f", file]
        }
    }

    private func seen(in directory: TemporaryDirectory) throws -> [SeenRequest] {
        let access = try Self.lines(directory.file("access.log"), holding: ["\n"])
        switch self {
        case .nginx:
            let debug = try Self.lines(directory.file("debug.log"), holding: NginxRecord.markers)
            return try NginxRecord.read(access: access, debug: debug)
        case .haproxy: return HAProxyRecord.read(access)
        }
    }

    /// The lines of a log that hold one of `markers`, read as Latin-1.
    private static func lines(_ file: String, holding markers: [String]) throws -> [String] {
        let log = try Data(contentsOf: URL(fileURLWithPath: file))
        let newline = Data([0x0A])
        var lines: [Int: String] = [:]
        for marker in markers.map({ Data($0.utf8) }) {
            var position = log.startIndex
            while let found = log.range(of: marker, in: position..<log.endIndex) {
                let before = log.range(of: newline, options: .backwards, in: log.startIndex..<found.lowerBound)
                let start = before?.upperBound ?? log.startIndex
                let end = log.range(of: newline, in: found.lowerBound..<log.endIndex)?.lowerBound ?? log.endIndex
                lines[start] = String(data: log[start..<end], encoding: .isoLatin1)
                position = max(end, found.upperBound)
            }
        }
        return lines.sorted { $0.key < $1.key }.map(\.value)
    }
}

/// What nginx writes down: request and body when it is done with them, field lines as it reads them, in that order.
private enum NginxRecord {
    private struct Access: Decodable {
        var connection: Int
        var number: Int
        var status: Int
        var request: String
        var body: String
    }

    /// What the lines hold that say what was read.
    static let markers = [" http request line: \"", " http header: \""]

    static func read(access: [String], debug: [String]) throws -> [SeenRequest] {
        var requests = try access.map { try JSONDecoder().decode(Access.self, from: Data($0.utf8)) }
        var seen: [SeenRequest] = []
        var last: [Int: (number: Int, index: Int)] = [:]
        for line in debug {
            guard let match = line.firstMatch(of: /\*(\d+) http (request line|header): "(.*)$/),
                let connection = Int(match.1)
            else { continue }
            // A long line is cut off; the access log has the whole of the first.
            if match.2 == "header" {
                if let index = last[connection]?.index { seen[index].fields.append(String(match.3.dropLast())) }
                continue
            }
            let number = (last[connection]?.number ?? 0) + 1
            last[connection] = (number, seen.count)
            let index = requests.firstIndex { $0.connection == connection && $0.number == number }
            // Without an end when the server stops, it has none in the access log.
            let unfinished = SeenRequest(line: String(match.3), fields: [], body: "", isServed: false)
            seen.append(index.map { self.request(requests.remove(at: $0)) } ?? unfinished)
        }
        // What it could not even read the first line of.
        return seen + requests.map(self.request)
    }

    private static func request(_ entry: Access) -> SeenRequest {
        SeenRequest(
            line: String(entry.request.hasSuffix(" HTTP/1.1") ? entry.request.dropLast(9) : entry.request[...]),
            fields: [],
            body: entry.body,
            // Broken off by its own fault, or by the client.
            isServed: ![400, 408, 413, 444, 499].contains(entry.status)
        )
    }
}

/// What HAProxy writes down, in hexadecimal digits.
private enum HAProxyRecord {
    static func read(_ access: [String]) -> [SeenRequest] {
        let lines = access.map { $0.split(separator: " ", omittingEmptySubsequences: false) }
            .filter { $0.count == 7 && $0[0] == "seen" }
        return lines.sorted { Int($0[1]) ?? 0 < Int($1[1]) ?? 0 }.map { words in
            SeenRequest(
                line: words[3] + " " + self.text(words[4]),
                fields: self.text(words[5]).split(separator: "\r\n").map(String.init),
                body: self.text(words[6]),
                isServed: !["-1", "400", "408"].contains(words[2])
            )
        }
    }

    private static func text(_ digits: Substring) -> String {
        if digits == "-" { return "" }
        var text = String.UnicodeScalarView()
        var rest = digits
        while let octet = UInt8(rest.prefix(2), radix: 16) {
            text.append(Unicode.Scalar(octet))
            rest = rest.dropFirst(2)
        }
        return String(text)
    }
}

extension RealServer {
    fileprivate var configuration: String {
        switch self {
        case .nginx: Self.nginxConfiguration
        case .haproxy: Self.haproxyConfiguration
        }
    }

    /// The inner server is there because a body is read for somebody only.
    private static let nginxConfiguration = #"""
        daemon off;
        master_process off;
        pid DIRECTORY/nginx.pid;
        error_log DIRECTORY/debug.log debug;
        events { worker_connections 512; }
        http {
            log_format seen escape=json '{"connection":$connection,"number":$connection_requests,"status":$status,'
                '"request":"$request","body":"$request_body"}';
            client_body_temp_path DIRECTORY/t1; proxy_temp_path DIRECTORY/t2; fastcgi_temp_path DIRECTORY/t3;
            uwsgi_temp_path DIRECTORY/t4; scgi_temp_path DIRECTORY/t5;
            large_client_header_buffers 8 64k;
            client_body_buffer_size 64k;
            server {
                listen 127.0.0.1:PORT;
                access_log /dev/stdout seen;
                underscores_in_headers on;
                ignore_invalid_headers off;
                merge_slashes off;
                keepalive_requests 100000;
                location / { proxy_pass http://unix:DIRECTORY/inner.sock; }
                location = /drop { return 444; }
                location = /204 { return 204; }
                location = /299 { return 299 ok; }
                location = /302 { return 302 http://127.0.0.1:1/x; }
                location = /304 { return 304; }
                location = /426 { add_header Upgrade TLS/1.0 always; return 426; }
                location = /cookies {
                    add_header Set-Cookie a=1; add_header X-Own y; add_header Set-Cookie b=2; return 200 ok;
                }
                location = /transform { add_header Cache-Control no-transform; return 200 "  ok  ok"; }
                location /silent { proxy_pass http://127.0.0.1:SILENT; }
                location /stream { proxy_buffering off; proxy_pass http://127.0.0.1:STREAM; }
                location /upgrade {
                    proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade;
                    proxy_pass http://127.0.0.1:UPGRADE;
                }
            }
            server {
                listen unix:DIRECTORY/inner.sock;
                access_log off;
                error_log /dev/null crit;
                location / { return 200 ok; }
            }
        }

        """#

    /// The inner server is there because a body that breaks off is noticed only when it is passed on.
    private static let haproxyConfiguration = #"""
        global
            log stdout len 65535 format raw local0
            nbthread 1
            tune.bufsize 65536
        defaults
            mode http
            option abortonclose
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        frontend outer
            bind 127.0.0.1:PORT
            log global
            log-format "seen %rt %ST %[var(txn.method)] %[var(txn.target)] %[var(txn.head)] %[var(txn.body)]"
            option http-buffer-request
            http-request set-var-fmt(txn.method) "%[method]"
            http-request set-var(txn.target) pathq,hex
            http-request set-var(txn.head) req.hdrs,hex
            http-request set-var(txn.body) req.body,hex
            http-request reject if { path /drop }
            http-request return status 204 if { path /204 }
            http-request return status 299 content-type text/plain string ok if { path /299 }
            http-request return status 302 hdr Location http://127.0.0.1:1/x if { path /302 }
            http-request return status 304 if { path /304 }
            http-request return status 426 hdr Upgrade TLS/1.0 hdr Connection upgrade if { path /426 }
            http-request return status 200 content-type text/plain string ok hdr Set-Cookie a=1 hdr X-Own y hdr Set-Cookie b=2 if { path /cookies }
            http-request return status 200 content-type text/plain string "  ok  ok" hdr Cache-Control no-transform if { path /transform }
            use_backend silent if { path_beg /silent }
            use_backend stream if { path_beg /stream }
            use_backend upgrade if { path_beg /upgrade }
            default_backend inner
        backend inner
            server inner unix@DIRECTORY/inner.sock
        backend silent
            server silent 127.0.0.1:SILENT
        backend stream
            server stream 127.0.0.1:STREAM
        backend upgrade
            server upgrade 127.0.0.1:UPGRADE
        frontend inner
            bind unix@DIRECTORY/inner.sock
            option http-buffer-request
            http-request return status 200 content-type text/plain string ok

        """#
}
