import HTTPTypes
import Hummingbird
import NIOCore
import WonkeyHTTP

/// Takes a request apart and checks the parts against their schemas.
struct RequestReading {
    let settings: ServingSettings

    // MARK: Path and query

    /// Checks path parameters.
    ///
    /// - Throws: ``Problem`` 404 for a value that cannot name anything.
    static func check(pathValues: [String: String], for endpoint: Endpoint) throws(Problem) {
        for parameter in endpoint.parameters where parameter.place == .path {
            let value = JSONValue.string(pathValues[parameter.name] ?? "")
            guard parameter.schema.faults(in: value, at: parameter.name).isEmpty else { throw .notFound() }
        }
    }

    /// Reads the query.
    ///
    /// - Parameters:
    ///   - text: What follows the question mark.
    ///   - endpoint: Declares the parameters.
    /// - Returns: The values, typed as their schemas say.
    /// - Throws: ``Problem`` 422 for unknown, repeated, missing and unfit parameters.
    static func queryValues(_ text: Substring, for endpoint: Endpoint) throws(Problem) -> [String: JSONValue] {
        let known = endpoint.parameters.filter { $0.place == .query }
        var values: [String: JSONValue] = [:]
        var faults: [Problem.Fault] = []
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0], plusIsSpace: true),
                let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                faults.append(.init(field: "", message: "the query has broken percent-encoding"))
                continue
            }
            guard let parameter = known.first(where: { $0.name == name }) else {
                let members = known.map { Schema.Property.optional($0.name, .any()) }
                faults += Schema.object(members).faults(in: .object([.init(name, .string(value))]))
                continue
            }
            let typed = Self.typed(value, as: parameter.schema)
            if values.updateValue(typed, forKey: name) != nil {
                faults.append(.init(field: name, message: "is given twice"))
            }
            faults += parameter.schema.faults(in: typed, at: name)
        }
        for parameter in known where parameter.isRequired && values[parameter.name] == nil {
            faults.append(.init(field: parameter.name, message: "is required"))
        }
        guard faults.isEmpty else { throw .invalid(faults) }
        return values
    }

    private static func typed(_ text: String, as schema: Schema) -> JSONValue {
        switch schema.form {
        case .integer: Int64(text).map { .integer($0) } ?? .string(text)
        case .boolean: text == "true" ? true : text == "false" ? false : .string(text)
        case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .string(text)
        case .string, .array, .object, .map, .any: .string(text)
        }
    }

    // MARK: Body

    /// Reads the body, if the endpoint takes one.
    ///
    /// - Parameters:
    ///   - request: The request; its body is read at most once.
    ///   - endpoint: Declares the body.
    /// - Returns: The body's members; none for a body that was left out.
    /// - Throws: ``Problem`` 400, 408, 413, 415 or 422.
    func body(of request: Request, for endpoint: Endpoint) async throws(Problem) -> JSONObject {
        guard let declared = endpoint.body else { return JSONObject() }
        try self.checkHead(request.headers)
        let bytes = try await self.bytes(of: request.body)
        if bytes.isEmpty, !declared.isRequired { return JSONObject() }
        guard !bytes.isEmpty else { throw Problem(status: 400, detail: "Send a JSON object as the body.") }
        try Self.checkMediaType(request.headers)
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Problem(status: 400, detail: "The body is no JSON: \(error.message), at byte \(error.offset).")
        }
        let faults = declared.schema.faults(in: value)
        guard faults.isEmpty, case .object(let members) = value else { throw .invalid(faults) }
        return JSONObject(members)
    }

    private func checkHead(_ fields: HTTPFields) throws(Problem) {
        if fields.contains(.contentEncoding) {
            throw Problem(status: 415, detail: "Send the body as it is, without Content-Encoding.")
        }
        if let length = fields[.contentLength].flatMap({ Int($0) }), length > self.settings.bodyMax {
            throw self.tooLarge
        }
    }

    private static func checkMediaType(_ fields: HTTPFields) throws(Problem) {
        let parts = (fields[.contentType] ?? "").lowercased().split(separator: ";").map { part in
            part.filter { $0 != " " && $0 != "\t" }
        }
        guard parts.first == "application/json", parts.dropFirst().allSatisfy({ $0 == "charset=utf-8" }) else {
            throw Problem(status: 415, detail: "Send the body as Content-Type: application/json.")
        }
    }

    private var tooLarge: Problem { Problem(status: 413, detail: "Send at most \(self.settings.bodyMax) bytes.") }

    /// The whole body, within the limits of size and time.
    private func bytes(of body: RequestBody) async throws(Problem) -> [UInt8] {
        let (bodyMax, timeout) = (self.settings.bodyMax, self.settings.bodyTimeout)
        let result = await withTaskGroup(of: Result<[UInt8], Problem>.self) { group in
            group.addTask {
                do {
                    return .success(Array(try await body.collect(upTo: bodyMax).readableBytesView))
                } catch is NIOTooManyBytesError {
                    return .failure(self.tooLarge)
                } catch {
                    return .failure(Problem(status: 400, detail: "The body did not arrive whole."))
                }
            }
            group.addTask {
                // Cancelled as soon as the body is there.
                try? await Task.sleep(for: timeout)
                return .failure(Problem(status: 408, detail: "The body did not arrive in time."))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.failure)
        }
        return try result.get()
    }
}
