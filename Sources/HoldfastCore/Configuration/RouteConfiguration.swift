// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One route: a public path, the dialect and address of the app behind it, and its limits.
package struct RouteConfiguration: Equatable, Sendable {
    /// Unique; the `route` label of metrics and logs.
    package var name: String
    package var path: PathPattern
    /// The host name that clients ask for, in lower case and without a port; `nil` for any.
    package var host: String?
    package var dialect: DialectName
    /// `nil` where nobody is asked: only in dialects that can do without (``DialectName/needsTarget``).
    package var target: TargetURL?
    /// Secrets that webhooks are signed with, all of them: two while one replaces the other.
    package var secrets: [WebhookSecret]
    package var origins: OriginPolicy
    /// Headers of the opening request, in lower case, that go with every webhook.
    package var forwardHeaders: [String]
    /// The kinds of events that the app hears of.
    package var events: Set<EventKind>
    package var limits: ConnectionLimits
    package var keepAlive: KeepAlivePolicy
    /// Whether a client's ping is answered by the gateway. Without, only an app that hears of pings can answer.
    package var autoPong: Bool
    package var compression: CompressionPolicy
    package var webhook: WebhookPolicy
    /// Only for the `wsaas` dialect.
    package var wsaas: WsaasDialect.Settings
    /// Only for the `grip` dialect.
    package var grip: GripSettings
    /// Only for the `slip` dialect.
    package var slip: SlipSettings
    /// Only for the `wsify` dialect.
    package var wsify: WsifySettings
    /// Only for the `unsocket` dialect.
    package var unsocket: UnsocketSettings
    /// How it dials out.
    package var dial: DialSettings

    /// A route with all defaults.
    package init(name: String, path: PathPattern, dialect: DialectName, target: TargetURL?) {
        self.name = name
        self.path = path
        self.dialect = dialect
        self.target = target
        self.secrets = []
        self.origins = .any
        self.forwardHeaders = []
        self.events = [.open, .message, .close]
        self.limits = ConnectionLimits()
        self.keepAlive = KeepAlivePolicy()
        self.compression = CompressionPolicy()
        self.webhook = WebhookPolicy()
        self.autoPong = true
        self.wsaas = WsaasDialect.Settings()
        self.grip = GripSettings()
        self.slip = SlipSettings()
        self.wsify = WsifySettings()
        self.unsocket = UnsocketSettings()
        self.dial = DialSettings()
    }

    /// The path of the public port at which one publishes through this route; `nil` where that is not possible.
    package var publishPath: String? { dialect == .wsify ? wsify.broadcastPath : nil }

    /// The dialect, set up for this route.
    package var speaker: any Dialect {
        switch dialect {
        case .json: JSONDialect(forwardHeaders: forwardHeaders)
        case .wsaas: WsaasDialect(settings: wsaas)
        case .grip: GripDialect(settings: grip, path: path, target: target ?? .nowhere, maxMessageBytes: limits.maxMessageBytes)
        case .slip: SlipDialect(settings: slip, limits: limits)
        case .wsify: WsifyDialect(settings: wsify, isAsked: target != nil, maxChannels: limits.maxChannels)
        case .unsocket: UnsocketDialect(settings: unsocket)
        }
    }
}
