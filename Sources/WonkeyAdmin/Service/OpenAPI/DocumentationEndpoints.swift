/// `/openapi.json`: what the API offers, for programs; ``DocumentationPage`` is the same for people.
enum DocumentationEndpoints {
    static let all = [document]

    static let document = Endpoint(
        id: "getOpenAPI",
        .get,
        "/openapi.json",
        tag: .service,
        summary: "Read this description",
        description: "As a page for people it is at `/docs`.",
        access: .anyone,
        answers: [
            Answer(
                200,
                "An OpenAPI 3.1 document.",
                .map(of: .any(), "An OpenAPI 3.1 document."),
                example: ["openapi": "3.1.0"]
            )
        ]
    ) { _ in .ok(Self.served) }

    /// Made once: the list of endpoints never changes.
    private static let served = OpenAPIDocument.json(of: Endpoint.all)
}
