import WonkeyCore

/// The provider's error body, as far as it can be read: front ends answer HTML, newer surfaces wrap it in an array.
struct ProviderError: Equatable {
    /// The canonical name, such as `INVALID_ARGUMENT`.
    var status: String?
    /// For the operator's log.
    var message = ""
    /// `ErrorInfo` reasons, such as `API_KEY_INVALID`.
    var reasons: [String] = []
    /// `RetryInfo`, in seconds, rounded up.
    var retryInfoSeconds: Int?
    /// The `Retry-After` field, in seconds.
    var retryFieldSeconds: Int?
    /// The violated quotas, such as `GenerateRequestsPerDayPerProject…`.
    var quotaIDs: [String] = []

    init(_ response: ServiceResponse) {
        self.retryFieldSeconds = response.header("retry-after").flatMap(Self.digits)
        guard let error = ProviderReplyReader.unwrapped(response.body)?["error"] else {
            self.message = "not the provider's error format"
            return
        }
        self.status = error["status"]?.text ?? error["code"]?.text
        self.message = error["message"]?.text ?? ""
        for detail in error["details"]?.elements ?? [] {
            let type = detail["@type"]?.text ?? ""
            if type.hasSuffix("google.rpc.ErrorInfo") {
                self.reasons += [detail["reason"]?.text].compactMap(\.self)
            } else if type.hasSuffix("google.rpc.RetryInfo") {
                self.retryInfoSeconds = detail["retryDelay"]?.text.flatMap(Self.seconds)
            } else if type.hasSuffix("google.rpc.QuotaFailure") {
                self.quotaIDs += (detail["violations"]?.elements ?? []).compactMap { $0["quotaId"]?.text }
            }
        }
    }

    /// How long to wait, as far as the provider says: `RetryInfo`, the field, the phrase in the message.
    var retrySeconds: Int? {
        self.retryInfoSeconds ?? self.retryFieldSeconds ?? self.retryPhraseSeconds
    }

    /// `Retry-After` for an exhausted quota, within an hour or, for a quota per day, within a day.
    var quotaRetrySeconds: Int {
        let isPerDay = self.quotaIDs.contains { $0.contains("PerDay") }
        let isPerMinute = self.quotaIDs.contains { $0.contains("PerMinute") }
        return min(max(self.retrySeconds ?? (isPerMinute ? 60 : 30), 1), isPerDay ? 86_400 : 3_600)
    }

    /// `retry in 34.07s` inside the message.
    private var retryPhraseSeconds: Int? {
        let message = self.message.lowercased()
        guard let phrase = message.firstRange(of: "retry in ") else { return nil }
        let rest = message[phrase.upperBound...]
        let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = rest[number.endIndex...].drop { $0 == " " }.prefix { $0.isLetter }
        switch unit {
        case "s", "second", "seconds": return Self.seconds("\(number)s")
        case "ms": return Self.seconds("\(number)ms")
        default: return nil
        }
    }

    /// Whole seconds, rounded up, of `34.07s` or `500ms`.
    static func seconds(_ text: String) -> Int? {
        let unit = text.hasSuffix("ms") ? 2 : text.hasSuffix("s") ? 1 : 0
        let number = text.dropLast(unit)
        guard unit > 0, number.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }), let value = Double(number) else {
            return nil
        }
        return Int(exactly: min(unit == 2 ? value / 1_000 : value, 1e9).rounded(.up))
    }

    private static func digits(_ text: String) -> Int? {
        (1...9).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
