package import WonkeyConfig
import WonkeyCore
package import WonkeyRedis

extension RedisSettings {
    /// Settings out of a validated configuration.
    ///
    /// - Parameters:
    ///   - redis: Where Redis is.
    ///   - timeout: For one round trip.
    package init(_ redis: Configuration.Redis, timeout: Duration) {
        let address: Address =
            switch redis.endpoint {
            case .tcp(let host, let port): .tcp(host: host, port: port)
            case .unix(let path): .unix(path: path)
            }
        self.init(
            address: address,
            username: redis.user,
            password: redis.password?.revealed,
            database: redis.database,
            usesTLS: redis.usesTLS
        )
        self.timeout = timeout
    }
}
