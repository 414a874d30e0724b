internal import CCurl
import WonkeyCore

/// One running transfer: an easy handle, what it sends and what it has received.
///
/// Lives on the transfer thread alone. A class, because libcurl's callbacks are given its address; the thread's table keeps it
/// alive while its handle is in the multi handle, and `deinit` frees the handle. A handle serves one call: options left
/// over from an earlier one cannot leak into the next.
///
/// `@safe`: the pointers are private to the adapter, owned once, and freed after the handle has left the multi handle.
@safe final class Transfer {
    let call: Call
    let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var collector: ResponseCollector
    private var bytesSent = 0

    /// Sets up everything but the start.
    ///
    /// - Throws: ``ServiceError`` if libcurl refuses an option.
    init(_ call: Call, settings: CurlServiceClientSettings) throws(ServiceError) {
        guard let handle = unsafe curl_easy_init() else {
            throw ServiceError(code: .unreachable, message: "libcurl made no handle")
        }
        self.call = call
        unsafe self.handle = unsafe handle
        self.collector = ResponseCollector(sizeMax: call.request.responseSizeMax)
        try self.setPolicy(settings)
        try self.setRequest()
        try self.setCallbacks()
    }

    deinit {
        unsafe curl_easy_cleanup(self.handle)
        unsafe curl_slist_free_all(self.fields)
    }

    /// The call's end as libcurl reports it.
    func result(_ code: CURLcode) -> Result<ServiceResponse, ServiceError> {
        if self.collector.isTooLarge {
            return .failure(self.error(.responseTooLarge, "the answer exceeds its size limit"))
        }
        guard code == CURLE_OK else { return .failure(self.error(code.serviceErrorCode, code.explanation)) }
        var status = 0
        guard unsafe wonkey_curl_easy_get_long(self.handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK, status >= 200
        else { return .failure(self.error(.broken, "no final status was received")) }
        return .success(self.collector.response(status: status))
    }

    func error(_ code: ServiceError.Code, _ cause: String) -> ServiceError {
        .describing(self.call.request, code, cause)
    }
}

// MARK: Options

extension Transfer {
    /// What holds for every call, and why: each line closes a trap of libcurl 7.88.1.
    private func setPolicy(_ settings: CurlServiceClientSettings) throws(ServiceError) {
        // Signals belong to the process; the resolver's thread must not freeze the loop when a handle is removed.
        try self.set(CURLOPT_NOSIGNAL, 1)
        try self.set(CURLOPT_QUICK_EXIT, 1)
        // No file, gopher or dict; no proxy out of the environment; no redirect; the path as given; no user info in the URL.
        try self.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try self.set(CURLOPT_PROXY, "")
        try self.set(CURLOPT_FOLLOWLOCATION, 0)
        try self.set(CURLOPT_PATH_AS_IS, 1)
        try self.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        // HTTP/2 of this version stalls and miscounts in parallel use, and brings nothing to calls that last seconds.
        try self.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try self.set(CURLOPT_SSL_VERIFYPEER, 1)
        try self.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = settings.certificateAuthorities { try self.set(CURLOPT_CAINFO, file) }
        try self.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(settings.connectTimeout.milliseconds)))
        // An image may take a minute without a byte: keep middleboxes from forgetting the connection.
        try self.set(CURLOPT_TCP_KEEPALIVE, 1)
        try self.set(CURLOPT_MAXAGE_CONN, max(1, Int(settings.idleMax.components.seconds)))
        try self.set(CURLOPT_MAXLIFETIME_CONN, max(1, Int(settings.connectionAgeMax.components.seconds)))
    }

    private func setRequest() throws(ServiceError) {
        let request = self.call.request
        try self.set(CURLOPT_URL, request.url)
        let isSafe = request.method == "GET" || request.method == "HEAD"
        if request.method == "HEAD" { try self.set(CURLOPT_NOBODY, 1) }
        if !request.body.isEmpty || !isSafe && request.method != "DELETE" {
            // A body that cannot be rewound is never sent twice: libcurl repeats a request whose pooled connection died
            // before the answer, POST included, unless it would have to rewind (code 65).
            try self.set(CURLOPT_UPLOAD, 1)
            try self.set(CURLOPT_INFILESIZE_LARGE, offset: Int64(request.body.count))
        }
        if request.body.isEmpty && !isSafe {
            // Without a body nothing needs rewinding, so only a new connection keeps such a request from a silent repeat.
            try self.set(CURLOPT_FRESH_CONNECT, 1)
        }
        if request.method != "HEAD" { try self.set(CURLOPT_CUSTOMREQUEST, request.method) }
        try self.setFields(request.headers)
    }

    private func setFields(_ headers: [(name: String, value: String)]) throws(ServiceError) {
        // `Name:` takes a default field away; `Name;` sends one without value. Nobody waits for 100 Continue: R2 never sends it.
        try self.append("Expect:")
        for (name, value) in headers {
            let isBlank = value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            try self.append(isBlank ? "\(name);" : "\(name): \(value)")
        }
        try self.check(unsafe wonkey_curl_easy_set_list(self.handle, CURLOPT_HTTPHEADER, self.fields))
    }

    private func append(_ field: String) throws(ServiceError) {
        guard let longer = unsafe curl_slist_append(self.fields, field) else {
            throw self.error(.unreachable, "out of memory")
        }
        unsafe self.fields = unsafe longer
    }

    private func set(_ option: CURLoption, _ value: Int) throws(ServiceError) {
        try self.check(unsafe wonkey_curl_easy_set_long(self.handle, option, value))
    }

    private func set(_ option: CURLoption, offset: Int64) throws(ServiceError) {
        try self.check(unsafe wonkey_curl_easy_set_offset(self.handle, option, curl_off_t(offset)))
    }

    private func set(_ option: CURLoption, _ value: String) throws(ServiceError) {
        try self.check(unsafe wonkey_curl_easy_set_text(self.handle, option, value))
    }

    private func check(_ code: CURLcode) throws(ServiceError) {
        guard code == CURLE_OK else { throw self.error(.invalidRequest, code.explanation) }
    }
}

// MARK: Callbacks

extension Transfer {
    /// Registers callbacks that find this object through the address they are given.
    ///
    /// The address stays valid: `deinit` cleans the handle up, and a handle calls back only from within `curl_multi_…`
    /// calls made while the thread's table holds this object.
    private func setCallbacks() throws(ServiceError) {
        let address = unsafe Unmanaged.passUnretained(self).toOpaque()
        try self.check(unsafe wonkey_curl_easy_set_pointer(self.handle, CURLOPT_WRITEDATA, address))
        try self.check(unsafe wonkey_curl_easy_set_pointer(self.handle, CURLOPT_HEADERDATA, address))
        try self.check(unsafe wonkey_curl_easy_set_pointer(self.handle, CURLOPT_READDATA, address))
        try self.check(
            unsafe wonkey_curl_easy_set_function(self.handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, address in
                guard let bytes = unsafe bytes, let address = unsafe address else { return 0 }
                let chunk = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe Transfer.at(address).collector.bodyReceived(chunk) ? size * count : 0
            }
        )
        try self.check(
            unsafe wonkey_curl_easy_set_function(self.handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, address in
                guard let bytes = unsafe bytes, let address = unsafe address else { return 0 }
                let line = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: size * count))
                unsafe Transfer.at(address).collector.headerLineReceived(line)
                return size * count
            }
        )
        try self.check(
            unsafe wonkey_curl_easy_set_function(self.handle, CURLOPT_READFUNCTION) { bytes, size, count, address in
                guard let bytes = unsafe bytes, let address = unsafe address else { return 0 }
                let room = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
                return unsafe Transfer.at(address).fill(room)
            }
        )
    }

    private static func at(_ address: UnsafeMutableRawPointer) -> Transfer {
        unsafe Unmanaged<Transfer>.fromOpaque(address).takeUnretainedValue()
    }

    /// Copies the next part of the body.
    private func fill(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, self.call.request.body.count - self.bytesSent)
        unsafe self.call.request.body.withUnsafeBytes { body in
            unsafe room.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: body[self.bytesSent..<self.bytesSent + count])
            )
        }
        self.bytesSent += count
        return count
    }
}

extension ServiceError {
    /// An error that names method, origin and cause, and neither path nor query nor fields.
    static func describing(_ request: ServiceRequest, _ code: Code, _ cause: String) -> ServiceError {
        ServiceError(code: code, message: "\(request.method) \(RequestCheck.origin(of: request.url)): \(cause)")
    }
}
