extension Endpoint {
    /// Every endpoint there is: a line for each subject.
    package static let all: [Endpoint] = [
        SignInEndpoints.all,
        OrganizationEndpoints.all,
        ProjectEndpoints.all,
        KeyEndpoints.all,
        LimitEndpoints.all,
        LogEndpoints.all,
        AnalyticsEndpoints.all,
        UsageEndpoints.all,
        AuditEndpoints.all,
        HealthEndpoints.all,
        DocumentationEndpoints.all,
    ].flatMap(\.self)
}
