extension Endpoint {
    /// Every endpoint there is: a line for each subject.
    package static let all: [Endpoint] = [
        HealthEndpoints.all
    ].flatMap(\.self)
}
