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
    /// What is logged about its app and its clients.
    var warnings = LogGate(lines: 10, every: .seconds(1))
    /// What the webhook heads of its connections have in common.
    var heads = SharedHeads()
    /// What a GRIP app has set up last: most connections are set up alike.
    private var lastGrip: GripSession?

    /// The configuration's kinds of events as bits: asked for each event.
    private let heard: UInt8
    /// How many seconds one proof is good for; 0 for a route without a key.
    private let provesFor: Int
    private var signature: (field: OpeningRequest.Field, madeAt: Int)?

    init(configuration: RouteConfiguration, shared: SharedRoute, pool: WebhookPool) {
        self.configuration = configuration
        self.shared = shared
        dialect = configuration.speaker
        traits = dialect.traits
        rules = DeliveryMachine.RetryRules(
            policy: configuration.webhook, isRepeatable: traits.isRepeatable, isAbandonedWhole: traits.isAbandonedWhole)
        self.pool = pool
        provesFor = shared.proof?.reuse ?? 0
        heard = configuration.events.reduce(0) { $0 | $1.bit }
        encoder = WebhookEncoder(
            target: configuration.target ?? .nowhere, secrets: traits.isSigned ? configuration.secrets : [], contentType: traits.contentType)
    }

    /// Whether the app wants to hear of such events.
    func hears(_ kind: EventKind) -> Bool { heard & kind.bit != 0 }

    /// The header that proves to the app who sends; `nil` for a route without a key.
    ///
    /// - Parameter seconds: the time now, in seconds since 1970; asked for only when there is a key.
    func proof(at seconds: @autoclosure () -> Int) -> OpeningRequest.Field? {
        guard provesFor > 0 else { return nil }
        let seconds = seconds()
        if let signature, (0..<provesFor).contains(seconds - signature.madeAt) { return signature.field }
        guard let field = shared.proof?.field(at: seconds) else { return nil }
        signature = (field, seconds)
        return field
    }

    /// The same session, as one object for connections that are set up alike one after the other.
    func shared(_ session: GripSession) -> GripSession {
        if let lastGrip, lastGrip == session { return lastGrip }
        lastGrip = session
        return session
    }

    /// Whether the app is told of the end of its connections.
    private(set) lazy var tellsEnds = hears(.close) && dialect.tellsEnds

    /// Whether a request comes from a GRIP proxy that this route trusts.
    ///
    /// - Parameter token: of the request's `Grip-Sig`.
    func isTrusted(_ token: String?) -> Bool {
        guard let upstream = shared.upstream, let token else { return false }
        return upstream.verify(token, at: Int(WallClock.seconds)) == .valid
    }
}

extension EventKind {
    fileprivate var bit: UInt8 {
        switch self {
        case .open: 1
        case .message: 2
        case .close: 4
        case .ping: 8
        case .pong: 16
        }
    }
}
