// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOSSL

/// What all event loops share of one route: the limits of its webhooks, and how it speaks TLS.
package struct SharedRoute: Sendable {
    let budget: WebhookBudget
    /// `nil` for a target without TLS.
    let tls: NIOSSLContext?
    /// Signs requests to the app (GRIP); `nil` without a key.
    let signer: TokenSigner?
    /// Knows the requests of a proxy before this gateway (GRIP); `nil` where none is trusted.
    let upstream: TokenVerifier?
    /// The way to the app for plain requests; `nil` where the dialect is about WebSockets only.
    let proxy: HTTPProxy?

    /// - Throws: a ``GatewayError`` when the route's certificates or keys cannot be used.
    init(_ route: RouteConfiguration, loopCount: Int, proxy: HTTPProxy? = nil) async throws(GatewayError) {
        self.proxy = proxy
        do throws(TokenKeyError) {
            let grip = route.dialect == .grip ? route.grip : GripSettings()
            signer =
                if let key = grip.sigKey { try await TokenSigner(key, issuer: grip.sigIss, setting: "route \(route.name): grip.sigKey") } else { nil }
            upstream = if let key = grip.upstreamKey { try await TokenVerifier(key, setting: "route \(route.name): grip.upstreamKey") } else { nil }
        } catch {
            throw GatewayError(.badKey, error.description)
        }
        budget = WebhookBudget(limit: route.webhook.concurrency, openingLimit: route.webhook.queue, loopCount: loopCount)
        guard let target = route.target, target.isTLS else {
            tls = nil
            return
        }
        do {
            tls = try NIOSSLContext(configuration: try Self.clientTLS(route))
        } catch let error as GatewayError {
            throw error
        } catch {
            throw GatewayError(.noTrust, "route \(route.name): \(target) cannot be called by TLS: \(TLSError.sentence(error))")
        }
    }

    /// Whom a route's app is believed to be: who shows a certificate of the route's authorities.
    ///
    /// - Throws: a ``GatewayError`` when the file with those cannot be used.
    static func clientTLS(_ route: RouteConfiguration) throws(GatewayError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = route.webhook.caFile {
            configuration.trustRoots = .certificates(try TLSError.authorities(in: file, setting: "route \(route.name): webhook.caFile"))
        }
        return configuration
    }
}
