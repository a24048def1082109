// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import NIOSSL

/// What all event loops share of one route: the limits of its webhooks, and how it speaks TLS.
package struct SharedRoute: Sendable {
    let budget: WebhookBudget
    /// `nil` for a target without TLS.
    let tls: NIOSSLContext?
    /// What proves to the app who sends; `nil` without a key.
    let proof: RequestProof?
    /// Knows the requests of a proxy before this gateway (GRIP); `nil` where none is trusted.
    let upstream: TokenVerifier?
    /// The way to the app for plain requests; `nil` where the dialect is about WebSockets only.
    let proxy: HTTPProxy?

    /// The proxies that outbound connections go through.
    let proxies: ProxyChoice
    private let dialing: DialTLS

    /// How remotes are spoken to by TLS.
    ///
    /// - Throws: an error of the library's when the system's certificates cannot be read.
    func dialTLS() throws -> NIOSSLContext { try dialing.context() }

    /// - Throws: a ``GatewayError`` when the route's certificates or keys cannot be used.
    init(_ route: RouteConfiguration, loopCount: Int, proxy: HTTPProxy? = nil) async throws(GatewayError) {
        self.proxy = proxy
        proxies = ProxyChoice(environment: route.dial.usesProxies ? ProcessInfo.processInfo.environment : [:])
        dialing = try DialTLS(route)
        do throws(TokenKeyError) {
            proof = try await RequestProof.of(route)
            let grip = route.dialect == .grip ? route.grip : GripSettings()
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
