// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastWire

/// Writes `/metrics`. Labels are bounded: routes, dialects and fixed words; never an address, a URL or an id.
package enum MetricsPage {
    package static func write(
        _ report: ShardReport, configuration: GatewayConfiguration, certificates: [ServerCertificate], broker: any Broker, version: String
    ) -> String {
        var page = ExpositionWriter()
        let routes = configuration.routes.map { (route: $0, counters: report.routes[$0.name] ?? RouteCounters()) }
        func perRoute(_ name: String, _ kind: ExpositionWriter.Kind, _ help: String, _ value: (RouteCounters) -> Int) {
            page.family(name, kind, help: help)
            for (route, counters) in routes { page.sample([("route", route.name)], Double(value(counters))) }
        }
        func perWord(_ name: String, _ help: String, label: String, _ values: (RouteCounters) -> [String: Int]) {
            page.family(name, .counter, help: help)
            for (route, counters) in routes {
                for (word, count) in values(counters).sorted(by: { $0.key < $1.key }) {
                    page.sample([("route", route.name), (label, word)], Double(count))
                }
            }
        }
        /// Both directions where the dialect can dial, else that of clients.
        func perDirection(_ all: KeyPath<RouteCounters, Int>, _ outbound: KeyPath<RouteCounters, Int>) {
            for (route, counters) in routes {
                page.sample(labels(route, .inbound), Double(counters[keyPath: all] - counters[keyPath: outbound]))
                if route.dialect.dials { page.sample(labels(route, .outbound), Double(counters[keyPath: outbound])) }
            }
        }

        page.family("holdfast_build_info", .gauge, help: "Always 1; the version is in the label.")
        page.sample([("version", version)], 1)

        page.family("holdfast_connections", .gauge, help: "Connections held now.")
        perDirection(\.connections, \.outbound)
        page.family("holdfast_connections_opened_total", .counter, help: "Connections that were accepted.")
        perDirection(\.opened, \.openedOutbound)
        page.family(
            "holdfast_connections_closed_total", .counter, help: "Connections that ended, by class of close code and by who or what ended them.")
        for (route, counters) in routes {
            for (closing, count) in counters.closed.sorted(by: {
                ($0.key.codeClass, $0.key.cause.rawValue) < ($1.key.codeClass, $1.key.cause.rawValue)
            }) {
                page.sample([("route", route.name), ("code_class", closing.codeClass), ("reason", closing.cause.rawValue)], Double(count))
            }
        }

        perRoute("holdfast_messages_received_total", .counter, "Messages from clients.") { $0.messagesReceived }
        perRoute("holdfast_messages_sent_total", .counter, "Messages to clients.") { $0.messagesSent }
        perRoute("holdfast_bytes_received_total", .counter, "Payload bytes from clients.") { $0.bytesReceived }
        perRoute("holdfast_bytes_sent_total", .counter, "Payload bytes to clients, with frame heads.") { $0.bytesSent }

        perWord("holdfast_webhook_requests_total", "Webhook attempts by outcome.", label: "outcome") {
            $0.webhooks.merging(["ok": $0.webhooksOK]) { $1 }
        }
        page.family("holdfast_webhook_duration_seconds", .histogram, help: "From a webhook's first byte to the end of its answer.")
        for (route, counters) in routes {
            let seconds = counters.webhookSeconds
            page.histogram([("route", route.name)], bounds: Histogram.bounds, counts: seconds.counts, sum: seconds.sum)
        }
        perRoute("holdfast_webhook_retries_total", .counter, "Webhook attempts after the first.") { $0.webhookRetries }
        perRoute("holdfast_webhook_lost_events_total", .counter, "Events given up: no attempt brought a usable answer.") { $0.webhookLost }
        page.family("holdfast_webhook_queue_depth", .gauge, help: "Webhooks that wait for a place among the requests in flight.")
        for (route, _) in routes { page.sample([("route", route.name)], Double(report.queueDepth[route.name] ?? 0)) }
        page.family("holdfast_webhook_limit", .gauge, help: "Webhooks allowed in flight.")
        for (route, _) in routes { page.sample([("route", route.name)], Double(route.webhook.concurrency)) }

        // Only for routes that pass plain requests on.
        let proxying = routes.filter { $0.route.dialect == .grip }
        if !proxying.isEmpty {
            page.family("holdfast_proxied_requests_total", .counter, help: "Plain requests that were passed on to the app, by how they ended.")
            for (route, counters) in proxying {
                for outcome in ProxyOutcome.allCases {
                    page.sample([("route", route.name), ("outcome", outcome.rawValue)], Double(counters.proxied[outcome] ?? 0))
                }
            }
            page.family("holdfast_held_requests", .gauge, help: "Plain requests that are held now.")
            for (route, counters) in proxying { page.sample([("route", route.name)], Double(counters.held)) }
        }

        page.family("holdfast_shed_total", .counter, help: "What was turned away to protect the gateway or the app.")
        page.sample([("route", ""), ("what", "connections")], Double(report.refused[.full] ?? 0))
        page.sample([("route", ""), ("what", "address")], Double(report.refused[.address] ?? 0))
        for (route, counters) in routes { page.sample([("route", route.name), ("what", "open")], Double(counters.shed["open"] ?? 0)) }
        page.family("holdfast_handshakes_refused_total", .counter, help: "Opening requests that were turned away, by reason.")
        for reason in HandshakeRefusal.allCases { page.sample([("reason", reason.rawValue)], Double(report.refused[reason] ?? 0)) }
        page.family("holdfast_slow_readers_total", .counter, help: "Times that a client's queue was full, by what was done.")
        for (route, counters) in routes {
            for policy in SlowReaderPolicy.allCases {
                page.sample([("route", route.name), ("action", policy.rawValue)], Double(counters.slowReaders[policy.rawValue] ?? 0))
            }
        }

        // Only for routes that can dial.
        let dialing = routes.filter { $0.route.dialect.dials }
        if !dialing.isEmpty {
            page.family("holdfast_dials_total", .counter, help: "Tries to reach a remote, by how they ended.")
            for (route, counters) in dialing {
                for outcome in ["ok", "failed"] {
                    page.sample([("route", route.name), ("outcome", outcome)], Double(counters.dials[outcome] ?? 0))
                }
            }
        }

        page.family("holdfast_publish_total", .counter, help: "Publications by the app, through answers and the control API.")
        page.sample([("broker", broker.name)], Double(routes.reduce(0) { $0 + $1.counters.publications } + report.controlPublications))
        page.family("holdfast_fanout_duration_seconds", .histogram, help: "Time to queue one publication for all subscribers on an event loop.")
        page.histogram(bounds: Histogram.bounds, counts: report.fanoutSeconds.counts, sum: report.fanoutSeconds.sum)
        page.family("holdfast_subscriptions", .gauge, help: "Subscriptions over all channels.")
        page.sample([], Double(report.subscriptions))
        page.family("holdfast_send_queue_bytes", .gauge, help: "Bytes that wait for clients that read slowly.")
        page.sample([], Double(report.sendQueueBytes))
        page.family("holdfast_broker_up", .gauge, help: "Whether other nodes can be reached.")
        let status = broker.status
        page.sample([("broker", broker.name)], status.isUp ? 1 : 0)
        // Only for nodes that have joined others.
        if !configuration.cluster.isAlone {
            write(broker, status, to: &page)
            write(report.lostConnections, to: &page)
        }
        if !certificates.isEmpty { write(certificates, to: &page) }
        return page.text
    }

    private static func write(_ broker: any Broker, _ status: BrokerStatus, to page: inout ExpositionWriter) {
        page.family("holdfast_broker_messages_total", .counter, help: "Messages between this node and others, by what became of them.")
        let messages = [
            ("sent", status.sent), ("received", status.received), ("dropped", status.dropped), ("repeated", status.repeated),
            ("notUnderstood", status.notUnderstood),
        ]
        for (outcome, count) in messages { page.sample([("broker", broker.name), ("outcome", outcome)], Double(count)) }
        func single(_ name: String, _ kind: ExpositionWriter.Kind, _ value: Int, _ help: String) {
            page.family(name, kind, help: help)
            page.sample([("broker", broker.name)], Double(value))
        }
        single("holdfast_broker_reconnects_total", .counter, status.reconnects, "Times that the connection to the broker came back.")
        single("holdfast_broker_queue_bytes", .gauge, status.queuedBytes, "Bytes that wait for the broker.")
        single("holdfast_broker_channels", .gauge, status.channels, "Channels that this node has asked the broker for.")
        single("holdfast_cluster_nodes", .gauge, broker.members.count + 1, "Nodes of the cluster that this one knows, itself included.")
    }

    private static func write(_ lost: LostConnectionCounters, to page: inout ExpositionWriter) {
        page.family(
            "holdfast_lost_node_connections_total", .counter, help: "Connections of lost nodes whose app this node was to tell, by what became of it."
        )
        for outcome in LostConnectionCounters.Outcome.allCases { page.sample([("outcome", outcome.rawValue)], Double(lost[outcome])) }
        page.family("holdfast_lost_node_connections_waiting", .gauge, help: "Connections of lost nodes whose app is yet to be told.")
        page.sample([], Double(lost.waiting))
    }

    private static func write(_ certificates: [ServerCertificate], to page: inout ExpositionWriter) {
        page.family("holdfast_certificate_expiry_seconds", .gauge, help: "Seconds until a listener's certificate ends; negative when it has.")
        for certificate in certificates { page.sample([("listener", certificate.listener)], certificate.expiresIn) }
        page.family("holdfast_certificate_reloads_total", .counter, help: "Changed certificates that were taken, or refused.")
        for certificate in certificates {
            let reloads = certificate.reloads
            page.sample([("listener", certificate.listener), ("outcome", "ok")], Double(reloads.ok))
            page.sample([("listener", certificate.listener), ("outcome", "failed")], Double(reloads.failed))
        }
    }

    private static func labels(_ route: RouteConfiguration, _ direction: ConnectionFacts.Direction) -> ExpositionWriter.Labels {
        [("route", route.name), ("dialect", route.dialect.rawValue), ("direction", direction.rawValue)]
    }
}
