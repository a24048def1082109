// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioConcurrencyHelpers: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let certificateReloading: Target.Dependency = .product(name: "NIOCertificateReloading", package: "swift-nio-extras")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

// Arrows point to what a target may import; nothing points back. Sources/README.md walks through the rooms.
let package = Package(
    name: "holdfast",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "holdfast", targets: ["holdfast"]),
        .library(name: "HoldfastApp", targets: ["HoldfastApp"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "HoldfastWire", dependencies: ["CZlib", nioCore], swiftSettings: settings),
        .target(
            name: "HoldfastCore",
            dependencies: ["HoldfastWire", nioCore, httpTypes, collections, crypto],
            swiftSettings: settings
        ),
        .target(
            name: "HoldfastBrokers",
            dependencies: ["HoldfastCore", "HoldfastWire", nioCore, nioPosix, nioConcurrencyHelpers, nioSSL, collections, crypto, logging],
            swiftSettings: settings
        ),
        .target(
            name: "HoldfastServer",
            dependencies: [
                "CMalloc", "HoldfastCore", "HoldfastWire", nioCore, nioPosix, nioConcurrencyHelpers, nioHTTP1, nioSSL, nioExtras,
                certificateReloading,
                httpTypes, collections, logging, lifecycle,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ],
            resources: [.embedInCode("Control/openapi.yaml")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "holdfast",
            dependencies: [
                "HoldfastServer", "HoldfastBrokers", "HoldfastCore", "HoldfastWire", nioCore, nioPosix, httpTypes, logging, lifecycle,
                nioHTTP1, nioSSL,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Demo/chat.html")],
            swiftSettings: settings
        ),
        .target(
            name: "HoldfastApp",
            dependencies: [httpTypes, crypto, nioCore, nioHTTP1, logging, .product(name: "AsyncHTTPClient", package: "async-http-client")],
            swiftSettings: settings
        ),
        .target(
            name: "HoldfastTesting",
            dependencies: [
                "HoldfastServer", "HoldfastCore", "HoldfastWire", nioCore, nioPosix, logging, lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HoldfastWireTests",
            dependencies: ["HoldfastWire", nioCore, nioEmbedded, nioHTTP1],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HoldfastCoreTests",
            dependencies: ["HoldfastCore", "HoldfastWire", nioCore, nioEmbedded, httpTypes],
            resources: [.copy("Dialect/Transcripts"), .copy("Cluster/GoldenBytes.txt")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HoldfastBrokersTests",
            dependencies: ["HoldfastBrokers", "HoldfastCore", "HoldfastWire", "HoldfastTesting", nioCore, nioPosix, nioEmbedded, crypto, logging],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HoldfastServerTests",
            dependencies: [
                "HoldfastServer", "HoldfastBrokers", "HoldfastCore", "HoldfastWire", "HoldfastTesting", nioCore, nioPosix, nioHTTP1, logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "holdfast-app-conformance",
            dependencies: ["HoldfastApp", httpTypes, nioCore, logging, .product(name: "Hummingbird", package: "hummingbird")],
            path: "Tests/HoldfastAppConformance",
            swiftSettings: settings
        ),
        .testTarget(
            name: "HoldfastAppTests",
            dependencies: [
                "HoldfastApp", "HoldfastCore", "HoldfastTesting", "HoldfastWire", nioCore, httpTypes, crypto, logging,
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "holdfastTests",
            dependencies: [
                "holdfast", "HoldfastServer", "HoldfastCore", "HoldfastWire", nioCore,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

// `make fuzz` (Fuzz/README.md): the rooms that read what comes from outside, built for libFuzzer, and one program that feeds them.
if Context.environment["HOLDFAST_FUZZ"] != nil {
    let sanitizers = ["-sanitize=fuzzer,address"]
    for target in package.targets where ["HoldfastWire", "HoldfastCore", "HoldfastBrokers"].contains(target.name) {
        target.swiftSettings = settings + [.unsafeFlags(sanitizers)]
    }
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "holdfast-fuzz",
            dependencies: ["CLibFuzzer", "HoldfastBrokers", "HoldfastCore", "HoldfastWire", nioCore, nioHTTP1, nioEmbedded],
            path: "Fuzz/Sources",
            swiftSettings: settings + [.unsafeFlags(sanitizers)],
            linkerSettings: [.unsafeFlags(sanitizers + ["-use-ld=lld"])]
        ),
    ]
}

// `make bench-micro` (Benchmarks/README.md): what the rooms without I/O cost. Their names are the package's own, so the benchmarks have to be as well.
if Context.environment["HOLDFAST_BENCH"] != nil {
    // Without its traits it needs no allocator of its own; Tests/Allocations counts what is allocated.
    package.dependencies.append(.package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []))
    package.targets.append(
        .executableTarget(
            name: "holdfast-micro",
            dependencies: ["HoldfastCore", "HoldfastWire", nioCore, .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/micro",
            swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    )
}
