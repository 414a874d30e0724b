/// The subjects by which the documentation groups endpoints, in its order.
package enum Tag: String, Sendable, CaseIterable {
    case signingIn = "Signing in"
    case organizations = "Organizations"
    case projects = "Projects"
    case keys = "Keys"
    case limits = "Limits"
    case logs = "Logs"
    case analytics = "Analytics"
    case usage = "Usage"
    case audit = "Audit"
    case service = "Service"

    package var description: String {
        switch self {
        case .signingIn: "Accounts, tokens and who is signed in."
        case .organizations: "Tenants and their members: owner, admin, developer, viewer."
        case .projects: "A project is a protected API with its keys."
        case .keys: "A key is shown once, when it is made; afterwards only its start is known."
        case .limits: "Exceptions to the configured limits, for a project or a key."
        case .logs: "What passed through the proxies, newest first."
        case .analytics: "Figures over time, kept up to date as requests are logged."
        case .usage: "Requests and images by day."
        case .audit: "Who changed what, and from where."
        case .service: "Whether this service is well."
        }
    }
}
