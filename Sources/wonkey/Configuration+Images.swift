import Logging
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP
import WonkeyImages
import WonkeyStore

/// From the configuration to the image endpoints.
extension Configuration {
    /// The image endpoints by name.
    ///
    /// - Parameter services: Calls providers and object stores.
    /// - Returns: One endpoint per image model.
    func imageEndpoints(services: any ServiceClient) -> [String: any LocalEndpoint] {
        self.images.mapValues { image in
            var settings = ImageEndpointSettings(
                provider: image.providerSettings,
                storage: image.storage.flatMap { self.storage[$0]?.settings }
            )
            settings.styles = [
                ImageStyle(name: "natural", suffix: "\n\n" + image.styles.natural),
                ImageStyle(name: "artistic", suffix: "\n\n" + image.styles.artistic),
            ]
            return ImageEndpoint(
                settings,
                client: services,
                clock: SystemClock(),
                logger: Logger(label: "wonkey.images")
            )
        }
    }
}

extension Configuration.ImageModel {
    fileprivate var providerSettings: ImageProviderSettings {
        var settings = ImageProviderSettings(modelID: self.model, apiKey: self.apiKey)
        switch self.api {
        case .generateContent: settings.api = .generateContent
        case .predict: settings.api = .predict
        }
        settings.baseURL = self.baseURL
        settings.apiVersion = self.apiVersion
        settings.timeout = self.timeout
        settings.refusalPhrases = self.refusalPhrases
        return settings
    }
}

extension Configuration.ObjectStorage {
    fileprivate var settings: ObjectStorageSettings {
        let url: ObjectStorageSettings.URLStyle
        switch (self.url, self.publicBaseURL) {
        case (.publicURL, let base?): url = .publicBase(base)
        case (.publicURL, nil), (.presigned, _): url = .presigned(validity: self.presignTTL)
        }
        var settings = ObjectStorageSettings(
            endpoint: self.endpoint,
            bucket: self.bucket,
            accessKeyID: self.accessKeyID.revealed,
            secretAccessKey: self.secretAccessKey,
            url: url
        )
        switch self.onFailure {
        case .error: settings.onFailure = .refuse
        case .dataURL: settings.onFailure = .dataURL
        }
        return settings
    }
}
