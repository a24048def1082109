// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import HoldfastCore
package import NIOCore
import NIOSSL

/// A route's way to its app for plain HTTP requests, shared by all event loops.
///
/// Its connections are its own: requests that are passed on and webhooks do not wait for each other.
package final class HTTPProxy: Sendable {
    /// How long an answer, or a client that reads it, may stand still. Beyond it the client is cut off.
    package static let idleTimeout = Duration.seconds(60)
    /// How long an unused connection to the app is kept: shorter than apps do, so that few requests meet one that is being closed.
    private static let keepTime = TimeAmount.seconds(4)

    let settings: GripSettings
    let path: PathPattern
    let target: TargetURL
    /// How long the app may take to begin its answer, once it has the request.
    let timeout: Duration
    let client: HTTPClient

    /// - Parameter group: the gateway's event loops.
    /// - Throws: a ``GatewayError`` when the route's certificates cannot be used.
    package init(_ route: RouteConfiguration, group: any EventLoopGroup) throws(GatewayError) {
        settings = route.grip
        path = route.path
        target = route.target ?? .nowhere
        timeout = route.webhook.timeout
        let limit = TimeAmount.nanoseconds(route.webhook.timeout.inNanoseconds)
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try SharedRoute.clientTLS(route), redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: limit), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: Self.keepTime, concurrentHTTP1ConnectionsPerHostSoftLimit: route.webhook.concurrency)
        // A client that waits is told at once; it may try again itself.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Ends all connections to the app. Must be called once; nothing can be passed on after it.
    package func shutDown() async { try? await client.shutdown() }

    /// Where the app has what a client asks for.
    func url(_ path: String, query: String) -> String {
        "\(base)\(GripTarget.requestTarget(path, query: query, path: self.path, target: target, settings: settings))"
    }

    private var base: String { "\(target.isTLS ? "https" : "http")://\(target.authority)" }
}
