import Foundation
import Support
import Testing

/// A server of somebody else's that answers everything and writes down what it was asked.
enum RealUpstream: String, CaseIterable, Sendable {
    case nginx, haproxy

    private var program: String { "/usr/sbin/\(self.rawValue)" }

    /// Writes its configuration.
    ///
    /// - Returns: The arguments it is started with.
    private func configure(in directory: TemporaryDirectory, port: Int) throws -> [String] {
        let file = directory.file("\(self.rawValue).conf")
        let text =
            switch self {
            case .nginx:
                """
                daemon off;
                worker_processes 1;
                pid DIRECTORY/nginx.pid;
                events { worker_connections 256; }
                http {
                    log_format seen '$request_method $request_uri $host';
                    client_body_temp_path DIRECTORY/t1; proxy_temp_path DIRECTORY/t2; fastcgi_temp_path DIRECTORY/t3;
                    uwsgi_temp_path DIRECTORY/t4; scgi_temp_path DIRECTORY/t5;
                    large_client_header_buffers 8 64k;
                    server {
                        listen 127.0.0.1:PORT;
                        keepalive_requests 100000;
                        access_log /dev/stdout seen;
                        location / { return 200 "ok"; }
                    }
                }

                """
            case .haproxy:
                """
                global
                    log stdout format raw local0
                    tune.bufsize 65536
                defaults
                    mode http
                    timeout connect 5s
                    timeout client 60s
                    timeout server 60s
                frontend all
                    bind 127.0.0.1:PORT
                    log global
                    log-format "%[var(txn.method)] %[var(txn.uri)] %[var(txn.host)]"
                    http-request set-var(txn.method) method
                    http-request set-var(txn.uri) pathq
                    http-request set-var(txn.host) req.hdr(host)
                    http-request return status 200 content-type text/plain string ok

                """
            }
        try text.replacingOccurrences(of: "DIRECTORY", with: directory.path)
            .replacingOccurrences(of: "PORT", with: "\(port)")
            .write(toFile: file, atomically: true, encoding: .utf8)
        switch self {
        case .nginx: return ["-c", file, "-e", "stderr", "-p", directory.path]
        case .haproxy: return ["-db", "-f", file]
        }
    }

    /// Runs the server, lets `body` use it, and stops it.
    ///
    /// - Parameters:
    ///   - directory: For its files.
    ///   - body: Gets its port.
    /// - Returns: What it was asked, as `METHOD target host`, in order.
    /// - Throws: What `body` throws, or why the server does not run.
    func serving(
        in directory: TemporaryDirectory,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> [String] {
        let port = try await FreePort.reserve()
        let arguments = try self.configure(in: directory, port: port)
        let seen = Lines()
        _ = try await BuiltProduct(path: self.program).run(arguments, within: .seconds(120)) { program in
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
            while let line = try await program.nextLine() { await seen.append(line) }
        }
        return await seen.lines
    }

    private actor Lines {
        private(set) var lines: [String] = []

        func append(_ line: String) { self.lines.append(line) }
    }
}

@Suite("Framing in front of real servers", .temporaryDirectory)
struct RealUpstreamTests {
    private func deployment(_ port: Int) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1, body_limit: 1000B}
            upstreams: {api: {url: "http://127.0.0.1:\(port)", preserve_host: true}}
            routes: [{name: api, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
    }

    @Test("no server hears of a malformed request, nor of what is behind it", arguments: RealUpstream.allCases)
    func malformed(_ upstream: RealUpstream) async throws {
        let seen = try await upstream.serving(in: try #require(TemporaryDirectory.current)) { port in
            let deployment = try await self.deployment(port)
            try await deployment.serving { _ in
                for (index, row) in (Corpus.heads + Corpus.bodies).enumerated() {
                    let client = try await RawClient.connect(port: deployment.port)
                    try await client.send(row.request + Corpus.smuggled)
                    let answer = try await client.readToEnd()
                    await client.close()
                    // A server may answer a broken body before it is known to be broken; once, in any case.
                    let isRefused = answer.hasPrefix("HTTP/1.1 \(row.status) ")
                    let isAnsweredEarly = index >= Corpus.heads.count && answer.hasPrefix("HTTP/1.1 200 ")
                    #expect(isRefused || isAnsweredEarly, Comment(rawValue: row.name))
                    #expect(answer.matches(of: #/HTTP/1\.1 [1-5]\d\d /#).count == 1, Comment(rawValue: row.name))
                    // On the connection to the server that the broken request might have spoilt.
                    let after = try await withTestClient(port: deployment.port) {
                        try await $0.send("GET", "/after/\(index)")
                    }
                    #expect(after.status == 200 && after.text == "ok", Comment(rawValue: row.name))
                }
            }
        }
        let honest = seen.filter { !$0.hasPrefix("GET /up ") && !$0.hasPrefix("POST / a") }
        let count = Corpus.heads.count + Corpus.bodies.count
        #expect(honest == (0..<count).map { "GET /after/\($0) test.example" })
    }

    private static let valid: [(request: String, seen: String)] = [
        ("\r\nGET /r4 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /r4 a"),
        ("GET http://B/r9?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /r9?y b"),
        ("GET /r17 HTTP/1.9\r\nHost: a\r\n\r\n", "GET /r17 a"),
        ("GET /a;x=1/./b/%7Ec?q=%2F HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a;x=1/./b/%7Ec?q=%2F a"),
        ("POST /b5 HTTP/1.1\r\nHost: a\r\nContent-Length: 0002\r\n\r\nhi", "POST /b5 a"),
        (
            "POST /b7 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n2;a=\"b\"\r\nhi\r\n0\r\nX: y\r\n\r\n",
            "POST /b7 a"
        ),
        (
            "DELETE /b14 HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\nGET /in-a-body HTTP/1.1\r\nX: y\r\n",
            "DELETE /b14 a"
        ),
        ("OPTIONS /f7 HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n", "OPTIONS /f7 a"),
        ("GET /f1 HTTP/1.1\r\nHost: a\r\nConnection: Host, Via, keep-alive\r\n\r\n", "GET /f1 a"),
    ]

    @Test("every server understands a valid request as it was meant, and only that", arguments: RealUpstream.allCases)
    func valid(_ upstream: RealUpstream) async throws {
        let seen = try await upstream.serving(in: try #require(TemporaryDirectory.current)) { port in
            let deployment = try await self.deployment(port)
            try await deployment.serving { _ in
                for row in Self.valid {
                    let client = try await RawClient.connect(port: deployment.port)
                    try await client.send(row.request)
                    let answer = try await client.read(through: "ok")
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), Comment(rawValue: row.seen))
                    await client.close()
                }
            }
        }
        #expect(seen.filter { !$0.hasPrefix("GET /up ") } == Self.valid.map(\.seen))
    }
}
