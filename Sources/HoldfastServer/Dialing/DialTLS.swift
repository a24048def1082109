// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOConcurrencyHelpers
import NIOSSL

/// How one route's remotes are spoken to by TLS. Made when it is first needed: the system's certificates take some megabytes.
struct DialTLS: Sendable {
    private let configuration: TLSConfiguration
    private let made = NIOLockedValueBox<NIOSSLContext?>(nil)

    /// - Throws: a ``GatewayError`` when the route's file with authorities cannot be used.
    init(_ route: RouteConfiguration) throws(GatewayError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = route.dial.caFile {
            configuration.trustRoots = .certificates(try TLSError.authorities(in: file, setting: "route \(route.name): dial.caFile"))
        }
        self.configuration = configuration
    }

    /// - Throws: an error of the library's when the system's certificates cannot be read.
    func context() throws -> NIOSSLContext {
        try made.withLockedValue { made in
            if let made { return made }
            let context = try NIOSSLContext(configuration: configuration)
            made = context
            return context
        }
    }
}
