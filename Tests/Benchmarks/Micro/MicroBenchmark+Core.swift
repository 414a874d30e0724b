import WonkeyConfig
import WonkeyCore

extension MicroBenchmark {
    /// A fixed window in this process, taken by the same arithmetic as everywhere.
    static let decideLimit = Self(name: "decide-limit") {
        let counters = LocalCounters()
        let quota = Quota(limit: 1_000_000_000, window: .seconds(3_600))
        let checks = [
            CounterCheck(counter: "wk:{proj_0123456789abcdef}:minute:key_1", algorithm: .fixedWindow, quota: quota)
        ]
        return {
            guard case .admitted(let states) = counters.take(checks) else { throw Unexpected() }
            return states[0].remaining
        }
    }

    /// One record into the buffer of an event loop, which is emptied whenever it is full.
    static let appendRecord = Self(name: "append-log-record") {
        var buffer = BatchStateMachine(rows: 500, sampling: LogSampling(oneOutOf: 1))
        let record = RequestRecord(
            id: "0193481c-7a50-7000-8000-0123456789ab",
            requestID: "0193481c-7a50-7000-8000-0123456789ab",
            time: Timestamp(millisecondsSinceEpoch: 1_763_700_000_000),
            projectID: ProjectID(rawValue: "proj_0123456789abcdef"),
            keyID: KeyID(rawValue: "key_0123456789abcdef"),
            method: "GET",
            path: "/v1/things/1/parts",
            route: "api",
            status: 200,
            limitVerdict: .admitted
        )
        return {
            switch buffer.append(record, use: .counted) {
            case .none: 0
            case .startTimer: 1
            case .handOver(let chunk): chunk.records.count
            }
        }
    }

    /// A configuration of ten thousand lines, from text to values.
    static let loadConfiguration = Self(name: "load-10000-lines-of-yaml") {
        var text = """
            version: 1
            listeners: [{address: "127.0.0.1:8080"}]
            store: {url: "sqlite:data/wonkey.db"}
            upstreams: {api: {url: "http://127.0.0.1:3000"}}
            routes:

            """
        for number in 0..<2_500 {
            text += """
                  - name: route-\(number)
                    match:
                      path: /v1/things/\(number)
                    proxy: api

                """
        }
        let bytes = Array(text.utf8)
        return { try Configuration.parse(bytes: bytes, fileName: "benchmark.yaml", environment: [:]).routes.count }
    }
}
