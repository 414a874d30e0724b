// swift-tools-version: 6.2

import PackageDescription

/// The settings every target shares (style.md §1).
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let tls: [Target.Dependency] = [
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let http2: [Target.Dependency] = [
    .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    .product(name: "NIOHPACK", package: "swift-nio-http2"),
]
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
]
let sqlite: [Target.Dependency] = [
    .product(name: "GRDB", package: "GRDB.swift"),
    .product(name: "GRDBSQLite", package: "GRDB.swift"),
]
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A target of ours with its test target `Tests/<name>Tests`.
///
/// `pages` lie among the target's sources, `fixtures` among its tests, and are no sources themselves.
func module(
    _ name: String,
    _ dependencies: [Target.Dependency],
    tests: [Target.Dependency] = [],
    pages: [String] = [],
    fixtures: [String] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, exclude: pages, swiftSettings: settings),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.target(name: name), "Support"] + dependencies + tests,
            exclude: fixtures,
            swiftSettings: settings
        ),
    ]
}

let modules: [[Target]] = [
    module("WonkeyCore", [crypto]),
    module("WonkeyHTTP", ["WonkeyCore", log] + nio + tls + http2),
    module("WonkeyConfig", ["WonkeyCore", "CLibYAML"], fixtures: ["Fixtures"]),
    module("WonkeyRedis", ["WonkeyCore", "CHiredis", log, .product(name: "NIOSSL", package: "swift-nio-ssl")] + nio),
    module("WonkeyDNS", ["WonkeyCore", "CResolv", .product(name: "NIOPosix", package: "swift-nio")]),
    module("WonkeyCurl", ["WonkeyCore", "CCurl", log]),
    module(
        "WonkeyStore",
        ["WonkeyCore", "CLibPQ", crypto, log] + sqlite,
        pages: ["Schema.md"]
    ),
    module("WonkeyGateway", ["WonkeyCore", "WonkeyHTTP", crypto, log, lifecycle] + nio),
    module("WonkeyImages", ["WonkeyCore", "WonkeyHTTP", log, crypto], tests: ["WonkeyCurl", "CCurl"]),
    module("WonkeyPasswords", ["WonkeyCore", "CCrypt", crypto]),
    module(
        "WonkeyAdmin",
        ["WonkeyCore", "WonkeyHTTP", crypto, log, lifecycle] + nio + hummingbird + [
            .product(name: "JWTKit", package: "jwt-kit")
        ],
        tests: ["WonkeyConfig", "WonkeyStore", "wonkey-admin", .product(name: "CryptoExtras", package: "swift-crypto")]
    ),
]

/// Measured by hand, and so built only when asked for.
let benchmarks: [Target] =
    Context.environment["WONKEY_BENCHMARKS"] == nil
    ? []
    : [
        .executableTarget(
            name: "store-benchmark",
            dependencies: ["WonkeyCore", "WonkeyStore", "WonkeyGateway", arguments, lifecycle, log] + nio,
            path: "Tests/Benchmarks/StoreBenchmark",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "micro-benchmarks",
            dependencies: ["WonkeyCore", "WonkeyHTTP", "WonkeyConfig", "WonkeyRedis", "WonkeyGateway"] + nio,
            path: "Tests/Benchmarks/Micro",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "load-generator",
            dependencies: [arguments] + nio,
            path: "Tests/Benchmarks/Load",
            swiftSettings: settings
        ),
    ]

let package = Package(
    name: "wonkey",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "wonkey", targets: ["wonkey"]),
        .executable(name: "wonkey-admin", targets: ["wonkey-admin"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: modules.flatMap(\.self) + benchmarks + [
        .systemLibrary(name: "CCurl", path: "Sources/C/CCurl", pkgConfig: "libcurl"),
        .systemLibrary(name: "CHiredis", path: "Sources/C/CHiredis"),
        .systemLibrary(name: "CResolv", path: "Sources/C/CResolv"),
        .systemLibrary(name: "CCrypt", path: "Sources/C/CCrypt", pkgConfig: "libxcrypt"),
        .systemLibrary(name: "CLibPQ", path: "Sources/C/CLibPQ", pkgConfig: "libpq"),
        .systemLibrary(name: "CLibYAML", path: "Sources/C/CLibYAML", pkgConfig: "yaml-0.1"),

        // What the two roots share.
        .target(
            name: "WonkeyWiring",
            dependencies: [
                "WonkeyCore", "WonkeyConfig", "WonkeyRedis", "WonkeyStore", lifecycle, log,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "wonkey",
            dependencies: [
                "WonkeyCore", "WonkeyHTTP", "WonkeyConfig", "WonkeyRedis", "WonkeyDNS", "WonkeyCurl", "WonkeyStore",
                "WonkeyGateway", "WonkeyImages", "WonkeyWiring", arguments, lifecycle, log,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio,
            swiftSettings: settings
        ),
        .executableTarget(
            name: "wonkey-admin",
            dependencies: [
                "WonkeyCore", "WonkeyConfig", "WonkeyRedis", "WonkeyCurl", "WonkeyStore", "WonkeyPasswords",
                "WonkeyAdmin", "WonkeyWiring", arguments, lifecycle, log,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio,
            swiftSettings: settings
        ),

        .target(
            name: "Support",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                crypto,
            ] + nio + tls,
            path: "Tests/Support",
            swiftSettings: settings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Support", "wonkey", "wonkey-admin", .product(name: "GRDB", package: "GRDB.swift"),
            ] + nio,
            exclude: ["Programs"],
            swiftSettings: settings
        ),
    ]
)
