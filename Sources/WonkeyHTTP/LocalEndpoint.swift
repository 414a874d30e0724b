package import WonkeyCore

/// An action answered in this process instead of by an upstream, such as image generation.
package protocol LocalEndpoint: Sendable {
    /// Answers one admitted request.
    ///
    /// Runs off the event loops. The task is cancelled when the client goes away.
    func answer(_ request: EndpointRequest) async -> EndpointAnswer
}

/// An admitted request with its whole body.
package struct EndpointRequest: Sendable {
    package var requestID: String
    package var body: [UInt8]
    package var contentType: String?
    package var keyID: KeyID?
    package var projectID: ProjectID?

    package init(
        requestID: String,
        body: [UInt8],
        contentType: String? = nil,
        keyID: KeyID? = nil,
        projectID: ProjectID? = nil
    ) {
        self.requestID = requestID
        self.body = body
        self.contentType = contentType
        self.keyID = keyID
        self.projectID = projectID
    }
}

/// A complete answer and what it means for accounting.
package struct EndpointAnswer: Sendable {
    package var status: Int
    package var fields: [(String, String)]
    package var body: [UInt8]
    package var contentType: String
    /// Images returned, which are what image limits and usage count.
    package var images: Int
    /// Whose fault a failure was.
    package var fault: Fault

    package init(
        status: Int,
        fields: [(String, String)] = [],
        body: [UInt8],
        contentType: String,
        images: Int = 0,
        fault: Fault = .none
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.contentType = contentType
        self.images = images
        self.fault = fault
    }
}
