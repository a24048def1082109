// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOSSL

/// What all event loops share of one route: the limits of its webhooks, and how it speaks TLS.
package struct SharedRoute: Sendable {
    let budget: WebhookBudget
    /// `nil` for a target without TLS.
    let tls: NIOSSLContext?

    /// - Throws: a ``GatewayError`` when the route's certificates cannot be used.
    init(_ route: RouteConfiguration, loopCount: Int) throws(GatewayError) {
        budget = WebhookBudget(limit: route.webhook.concurrency, openingLimit: route.webhook.queue, loopCount: loopCount)
        guard route.target.isTLS else {
            tls = nil
            return
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = route.webhook.caFile {
            configuration.trustRoots = .certificates(try TLSError.authorities(in: file, setting: "route \(route.name): webhook.caFile"))
        }
        do {
            tls = try NIOSSLContext(configuration: configuration)
        } catch {
            throw GatewayError(.noTrust, "route \(route.name): \(route.target) cannot be called by TLS: \(TLSError.sentence(error))")
        }
    }
}
