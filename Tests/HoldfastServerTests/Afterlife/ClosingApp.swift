// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastTesting
import HoldfastWire
import NIOCore
import NIOHTTP1
import Synchronization

/// An app that notes each webhook with its headers, and answers as it is told to at the moment.
final class ClosingApp: Sendable {
    struct Webhook: Sendable {
        let id: String?
        let traceparent: String?
        let body: String

        var json: JSONValue? { try? JSONReader.parse(ByteBuffer(string: body)) }
        var event: JSONValue? { json?["events"]?.array?.last }
        var connection: String? { json?["connection"]?["id"]?.string }
        var type: String? { event?["type"]?.string }
    }

    private struct State {
        var webhooks: [Webhook] = []
        var status = "200 OK"
        var answers: [String: String] = [:]
        var held: Set<String> = []
        var underWay = 0
        var mostUnderWay = 0
    }

    private let state = Mutex(State())

    /// - Parameter answers: by the type of the event.
    init(_ answers: [String: String] = [:]) { state.withLock { $0.answers = answers } }

    var webhooks: [Webhook] { state.withLock { $0.webhooks } }
    var closings: [Webhook] { webhooks.filter { $0.type == "close" } }
    /// The most webhooks that were being answered at one time.
    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }

    /// From now on it answers like this.
    func answers(_ status: String) { state.withLock { $0.status = status } }

    /// Leaves webhooks of events of this type without an answer, until they are released.
    func hold(_ type: String) { state.withLock { _ = $0.held.insert(type) } }
    func release() { state.withLock { $0.held = [] } }

    func running<Value: Sendable>(_ body: @escaping @Sendable (_ target: String) async throws -> Value) async throws -> Value {
        let app = ScriptedApp { exchange in
            let webhook = Webhook(
                id: exchange.head.headers.first(name: "webhook-id"), traceparent: exchange.head.headers.first(name: "traceparent"),
                body: try await exchange.body())
            let type = webhook.type ?? ""
            self.state.withLock { state in
                state.webhooks.append(webhook)
                state.underWay += 1
                state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            }
            try await eventually("the answer is released") { self.state.withLock { !$0.held.contains(type) } }
            let (status, answer) = self.state.withLock { state in
                state.underWay -= 1
                return (state.status, state.answers[type] ?? "")
            }
            try await exchange.answer(status, [], status.hasPrefix("200") ? answer : "")
        }
        return try await app.running { try await body("\($0)/hook") }
    }
}
