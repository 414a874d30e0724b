import WonkeyConfig
import WonkeyGateway
import WonkeyHTTP

extension Configuration.Route.Rewrite {
    var gatewayRewrite: RouteRewrite {
        var rewrite = RouteRewrite()
        if self.stripPrefix + self.addPrefix != "" {
            rewrite.path = PathRewrite(strip: self.stripPrefix, add: self.addPrefix)
        }
        rewrite.host = self.host
        rewrite.request = self.request.rules
        rewrite.response = self.response.rules
        return rewrite
    }
}

extension Configuration.Route.FieldChanges {
    fileprivate var rules: FieldRules {
        FieldRules(set: self.set.map(\.rule), add: self.add.map(\.rule), remove: self.remove.map { FieldName($0) })
    }
}

extension Configuration.Route.Field {
    var rule: FieldRule { FieldRule(name: FieldName(self.name), value: self.value) }
}

extension Configuration.Route.Idempotency {
    var rules: IdempotencyRules {
        IdempotencyRules(
            isRequired: self.isRequired,
            lifetime: self.ttl,
            bodyBytesMax: Int64(self.maxBody),
            answerBytesMax: self.maxResponse,
            outageMode: self.onOutage == .deny ? .deny : .pass
        )
    }
}

extension Configuration.Route.CrossOrigin {
    var rules: CrossOriginRules {
        CrossOriginRules(
            origins: Set(self.allowedOrigins),
            methods: self.allowedMethods,
            requestFields: self.allowedHeaders,
            exposedFields: self.exposedHeaders,
            allowsCredentials: self.credentials,
            maxAge: self.maxAge
        )
    }
}
