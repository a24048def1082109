// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One route: a public path, the dialect and address of the app behind it, and its limits.
package struct RouteConfiguration: Equatable, Sendable {
    /// Unique; the `route` label of metrics and logs.
    package var name: String
    package var path: PathPattern
    package var dialect: DialectName
    package var target: TargetURL
    /// Secrets that webhooks are signed with, all of them: two while one replaces the other.
    package var secrets: [WebhookSecret]
    package var origins: OriginPolicy
    /// Headers of the opening request, in lower case, that go with every webhook.
    package var forwardHeaders: [String]
    /// The kinds of events that the app hears of.
    package var events: Set<EventKind>
    package var limits: ConnectionLimits
    package var keepAlive: KeepAlivePolicy
    package var compression: CompressionPolicy
    package var webhook: WebhookPolicy
    /// Only for the `wsaas` dialect.
    package var wsaas: WsaasDialect.Settings

    /// A route with all defaults.
    package init(name: String, path: PathPattern, dialect: DialectName, target: TargetURL) {
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
        self.wsaas = WsaasDialect.Settings()
    }

    /// The dialect, set up for this route.
    package var speaker: any Dialect {
        switch dialect {
        case .json: JSONDialect(forwardHeaders: forwardHeaders)
        case .wsaas: WsaasDialect(settings: wsaas)
        }
    }
}
