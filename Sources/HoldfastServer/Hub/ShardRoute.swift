// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire

/// A route on one event loop: its configuration, its dialect, its counters and its way to the app.
package final class ShardRoute {
    let configuration: RouteConfiguration
    let dialect: any Dialect
    let traits: DialectTraits
    let rules: DeliveryMachine.RetryRules
    let pool: WebhookPool
    let encoder: WebhookEncoder
    let shared: SharedRoute
    /// The way to the app for plain requests; `nil` where the dialect is about WebSockets only.
    var proxy: HTTPProxy? { shared.proxy }
    var counters = RouteCounters()
    var logThrottle = LogThrottle()
    /// What the webhook heads of its connections have in common.
    var heads = SharedHeads()
    /// What a GRIP app has set up last: most connections are set up alike.
    private var lastGrip: GripSession?

    private var signature: (field: OpeningRequest.Field, madeAt: Int)?

    init(configuration: RouteConfiguration, shared: SharedRoute, pool: WebhookPool) {
        self.configuration = configuration
        self.shared = shared
        dialect = configuration.speaker
        traits = dialect.traits
        rules = DeliveryMachine.RetryRules(
            policy: configuration.webhook, isRepeatable: traits.isRepeatable, isAbandonedWhole: traits.isAbandonedWhole)
        self.pool = pool
        encoder = WebhookEncoder(
            target: configuration.target ?? .nowhere, secrets: traits.isSigned ? configuration.secrets : [], contentType: traits.contentType)
    }

    /// The header that proves to the app who sends; `nil` for a route without a key.
    ///
    /// - Parameter seconds: the time now, in seconds since 1970; asked for only when there is a key.
    func proof(at seconds: @autoclosure () -> Int) -> OpeningRequest.Field? {
        guard let proof = shared.proof else { return nil }
        let seconds = seconds()
        if let signature, (0..<proof.reuse).contains(seconds - signature.madeAt) { return signature.field }
        guard let field = proof.field(at: seconds) else { return nil }
        signature = (field, seconds)
        return field
    }

    /// The same session, as one object for connections that are set up alike one after the other.
    func shared(_ session: GripSession) -> GripSession {
        if let lastGrip, lastGrip == session { return lastGrip }
        lastGrip = session
        return session
    }

    /// Whether a request comes from a GRIP proxy that this route trusts.
    ///
    /// - Parameter token: of the request's `Grip-Sig`.
    func isTrusted(_ token: String?) -> Bool {
        guard let upstream = shared.upstream, let token else { return false }
        return upstream.verify(token, at: Int(WallClock.seconds)) == .valid
    }
}
