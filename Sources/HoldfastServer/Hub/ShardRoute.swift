// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// A route on one event loop: its configuration, its dialect, its counters and its way to the app.
package final class ShardRoute {
    let configuration: RouteConfiguration
    let dialect: any Dialect
    let traits: DialectTraits
    let rules: DeliveryMachine.RetryRules
    let pool: WebhookPool
    let encoder: WebhookEncoder
    var counters = RouteCounters()
    var logThrottle = LogThrottle()

    init(configuration: RouteConfiguration, pool: WebhookPool) {
        self.configuration = configuration
        dialect = configuration.speaker
        traits = dialect.traits
        rules = DeliveryMachine.RetryRules(policy: configuration.webhook, isRepeatable: traits.isRepeatable)
        self.pool = pool
        encoder = WebhookEncoder(target: configuration.target, secrets: traits.isSigned ? configuration.secrets : [])
    }
}
