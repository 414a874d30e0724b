/// Why a value is not accepted, without saying where: its reader adds the file, the place and the key.
struct Invalid: Error, Equatable {
    /// What is expected, such as `must be 1 to 10`.
    var message: String
    /// Whether the value may follow the message; secret settings never show theirs.
    var showsValue: Bool
    /// What to do, such as `did you mean 'api'?`.
    var advice: String?

    /// A fault whose message is followed by the value and then the advice.
    init(_ message: String, advice: String? = nil) {
        self.message = message
        self.showsValue = true
        self.advice = advice
    }

    /// A misspelt word.
    init(_ message: String, meant: String?) {
        self.init(message, advice: meant.map { "did you mean '\($0)'?" })
    }

    /// A fault whose message stands alone, because the value may be secret or says nothing.
    init(hidden message: String) {
        self.message = message
        self.showsValue = false
    }
}
