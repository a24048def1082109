// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import HoldfastWire

/// What one route counts on one event loop. Plain numbers that only their loop touches: counting costs an addition, and a scrape adds the loops up.
package struct RouteCounters: Sendable {
    /// The labels of `holdfast_connections_closed_total`.
    package struct Closing: Hashable, Sendable {
        package let codeClass: String
        package let cause: EndCause
    }

    package var connections = 0
    /// Those among them that the gateway has dialled.
    package var outbound = 0
    package var opened = 0
    package var openedOutbound = 0
    package var closed: [Closing: Int] = [:]
    package var messagesReceived = 0
    package var bytesReceived = 0
    package var messagesSent = 0
    package var bytesSent = 0
    package var webhooksOK = 0
    /// Failed attempts by outcome.
    package var webhooks: [String: Int] = [:]
    package var webhookSeconds = Histogram()
    package var webhookRetries = 0
    /// Events given up for good.
    package var webhookLost = 0
    package var slowReaders: [String: Int] = [:]
    package var shed: [String: Int] = [:]
    package var publications = 0
    /// Plain requests that were passed on to the app, by how they ended.
    package var proxied: [ProxyOutcome: Int] = [:]
    /// Tries to reach a remote, by how they ended.
    package var dials: [String: Int] = [:]
    /// Requests that are held now.
    package var held = 0

    package mutating func opened(isOutbound: Bool) {
        opened += 1
        connections += 1
        guard isOutbound else { return }
        openedOutbound += 1
        outbound += 1
    }

    package mutating func closed(_ ending: Ending, isOutbound: Bool) {
        connections -= 1
        if isOutbound { outbound -= 1 }
        closed[Closing(codeClass: Self.codeClass(ending.code), cause: ending.cause), default: 0] += 1
    }

    package mutating func add(_ other: RouteCounters) {
        connections += other.connections
        outbound += other.outbound
        opened += other.opened
        openedOutbound += other.openedOutbound
        closed.merge(other.closed, uniquingKeysWith: +)
        messagesReceived += other.messagesReceived
        bytesReceived += other.bytesReceived
        messagesSent += other.messagesSent
        bytesSent += other.bytesSent
        webhooksOK += other.webhooksOK
        webhooks.merge(other.webhooks, uniquingKeysWith: +)
        webhookSeconds.add(other.webhookSeconds)
        webhookRetries += other.webhookRetries
        webhookLost += other.webhookLost
        slowReaders.merge(other.slowReaders, uniquingKeysWith: +)
        shed.merge(other.shed, uniquingKeysWith: +)
        publications += other.publications
        proxied.merge(other.proxied, uniquingKeysWith: +)
        dials.merge(other.dials, uniquingKeysWith: +)
        held += other.held
    }

    /// A few classes instead of thousands of codes: a label's values must be bounded.
    private static func codeClass(_ code: CloseCode) -> String {
        switch code.rawValue {
        case 1000, 1001, 1005: "normal"
        case 1006: "lost"
        case 1002...1015: "error"
        case 3000...3999: "3xxx"
        default: "4xxx"
        }
    }
}
