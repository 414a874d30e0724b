import HTTPTypes
import WonkeyCore

/// `/v1/auth/…`.
enum SignInEndpoints {
    static let all = [register, login, refresh, logout, me]

    static let register = Endpoint(
        id: "register",
        .post,
        "/v1/auth/register",
        tag: .signingIn,
        summary: "Sign up",
        description: "Makes a user with an organization of their own and its project `default`, and signs them in. "
            + "An address is taken once, regardless of case.",
        access: .anyone,
        body: Body(
            .object([
                .required("email", .email),
                .required(
                    "password",
                    .string(
                        "8 to 128 characters.",
                        length: Password.lengthRange,
                        format: .password,
                        example: "correct horse"
                    )
                ),
                .optional("name", .string("Also names the organization.", length: 1...64, example: "Alice").nullable),
            ]),
            example: ["email": "alice@example.com", "password": "correct horse battery", "name": "Alice"]
        ),
        answers: [Answer(201, "The user and their tokens.", .signedIn, example: AccountExamples.signedIn)],
        problems: [409, 429]
    ) { request in
        var generator = SystemRandomNumberGenerator()
        let operation = Register(
            email: request.body.text("email"),
            password: request.body.text("password"),
            name: request.body.text(ifPresent: "name")
        )
        return .created(try await operation.run(in: request.signIn, using: &generator), at: "/v1/auth/me").secret
    }

    static let login = Endpoint(
        id: "logIn",
        .post,
        "/v1/auth/login",
        tag: .signingIn,
        summary: "Sign in",
        description: "401 does not tell whether the address or the password is wrong. Too many bad attempts are "
            + "answered 429, whether the account exists or not.",
        access: .anyone,
        body: Body(
            .object([
                .required("email", .string("As it was signed up with.", length: 1...254, example: "alice@example.com")),
                .required("password", .string(length: 1...1_024, format: .password, example: "correct horse")),
            ]),
            example: ["email": "alice@example.com", "password": "correct horse battery"]
        ),
        answers: [Answer(200, "The user and new tokens.", .signedIn, example: AccountExamples.signedIn)],
        problems: [401, 429]
    ) { request in
        var generator = SystemRandomNumberGenerator()
        let operation = LogIn(email: request.body.text("email"), password: request.body.text("password"))
        return .ok(try await operation.run(in: request.signIn, using: &generator)).secret
    }

    static let refresh = Endpoint(
        id: "refresh",
        .post,
        "/v1/auth/refresh",
        tag: .signingIn,
        summary: "Trade a refresh token for new tokens",
        description:
            "Each refresh token is good once. One that comes again ends its session, because somebody else may "
            + "have it.",
        access: .anyone,
        body: Body(
            .object([.required("refresh_token", .string("The newest one.", length: 1...256))]),
            example: ["refresh_token": "wkr_Zk3vQ0mB1xT8sJd71Lq0PzXv2KaWc9RfYh4GuNe5Oi6"]
        ),
        answers: [Answer(200, "The user and new tokens.", .signedIn, example: AccountExamples.signedIn)],
        problems: [401, 429]
    ) { request in
        var generator = SystemRandomNumberGenerator()
        let operation = RefreshSession(refreshToken: request.body.text("refresh_token"))
        return .ok(try await operation.run(in: request.signIn, using: &generator)).secret
    }

    static let logout = Endpoint(
        id: "logOut",
        .post,
        "/v1/auth/logout",
        tag: .signingIn,
        summary: "Sign out",
        description: "Ends the session of the access token: it and its refresh token are good no more.",
        answers: [Answer(204, "The session is over.")]
    ) { request in
        try await LogOut(session: request.principal?.session).run(in: request.signIn)
        return .noContent
    }

    static let me = Endpoint(
        id: "getCurrentUser",
        .get,
        "/v1/auth/me",
        tag: .signingIn,
        summary: "Tell who is signed in",
        answers: [
            Answer(200, "The user and their organizations.", .currentUser, example: AccountExamples.currentUser)
        ]
    ) { request in
        let user = try request.user
        let organizations = try await ListOrganizations(user: user.id).run(in: request.accounts)
        return .ok(ShowUser.Outcome(user: user, organizations: organizations))
    }
}

extension Reply {
    /// The same, to be kept by nobody on the way (RFC 6749 §5.1).
    fileprivate var secret: Self { self.with(.cacheControl, "no-store") }
}
