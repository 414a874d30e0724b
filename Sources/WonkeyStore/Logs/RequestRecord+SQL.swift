import WonkeyCore

extension RequestRecord {
    /// The columns of `request_logs`, in the order of ``columns`` and ``init(_:)``.
    static let columnNames: [StaticString] = [
        "id", "request_id", "time", "project_id", "key_id", "method", "path", "route", "status", "latency_us",
        "bytes_received", "bytes_sent", "client_address", "user_agent", "limit_verdict", "fault", "images",
    ]

    var columns: [SQLValue] {
        [
            self.id.sqlValue, self.requestID.sqlValue, self.time.sqlValue, self.projectID.sqlValue,
            self.keyID.sqlValue, self.method.sqlValue, self.path.sqlValue, self.route.sqlValue,
            self.status.sqlValue, self.latencyMicroseconds.sqlValue, self.bytesReceived.sqlValue,
            self.bytesSent.sqlValue, self.clientAddress.sqlValue, self.userAgent.sqlValue,
            self.limitVerdict.rawValue.sqlValue, self.fault.rawValue.sqlValue, self.images.sqlValue,
        ]
    }

    init(_ row: SQLRow) throws {
        self.init(
            id: try row.text(0),
            requestID: try row.text(1),
            time: try row.time(2),
            projectID: try row.optionalID(3),
            keyID: try row.optionalID(4),
            method: try row.text(5),
            path: try row.text(6),
            route: try row.optionalText(7),
            status: Int(try row.integer(8)),
            latencyMicroseconds: try row.integer(9),
            bytesReceived: try row.integer(10),
            bytesSent: try row.integer(11),
            clientAddress: try row.text(12),
            userAgent: try row.optionalText(13),
            limitVerdict: try row.named(14),
            fault: try row.named(15),
            images: Int(try row.integer(16))
        )
    }
}
