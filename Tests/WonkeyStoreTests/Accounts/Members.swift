import WonkeyCore

@testable import WonkeyStore

/// Two organizations with a project and a key each, and people in the first one.
///
/// Ann owns it, Dan develops in it, Vic looks at it, and Eve owns the other one.
enum Members {
    static let ours = project("ours", organization: "org_ours")
    static let theirs = project("theirs", organization: "org_theirs")
    static let ourKey = key("ours", of: Self.ours)
    static let theirKey = key("theirs", of: Self.theirs)
    static let ann = UserID(rawValue: "usr_ann")
    static let dan = UserID(rawValue: "usr_dan")
    static let vic = UserID(rawValue: "usr_vic")
    static let eve = UserID(rawValue: "usr_eve")

    static func move(into test: TestStore) async throws {
        let store = test.store.administration
        for (project, key) in [(Self.ours, Self.ourKey), (Self.theirs, Self.theirKey)] {
            try await store.createProject(project, by: operatorActor)
            try await store.createKey(key, hash: hash(key.name), by: operatorActor)
        }
        try await Self.join(Self.ann, "org_ours", .owner, test)
        try await Self.join(Self.dan, "org_ours", .developer, test)
        try await Self.join(Self.vic, "org_ours", .viewer, test)
        try await Self.join(Self.eve, "org_theirs", .owner, test)
    }

    static func join(_ user: UserID, _ organization: String, _ role: Role, _ test: TestStore) async throws {
        let email = user.rawValue + "@example.com"
        try await test.run(
            """
            INSERT INTO users (id, email, email_folded, created_at, updated_at) VALUES (\(user), \(email), \(email), 1, 1)
            ON CONFLICT (id) DO NOTHING
            """
        )
        try await test.run(
            """
            INSERT INTO memberships (org_id, user_id, role, created_at)
            VALUES (\(organization), \(user), \(role.rawValue), 5)
            """
        )
    }

    static func actor(_ user: UserID) -> Actor { Actor(name: "user:\(user)", source: "192.0.2.1") }
}
