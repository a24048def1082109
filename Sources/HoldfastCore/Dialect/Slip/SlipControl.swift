// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Requests to the control port: the same list of events as in an answer.
struct SlipControl {
    let settings: SlipSettings

    func command(from request: ControlRequest) -> ControlCommand? {
        guard request.method == "POST", isOurs(request) else { return nil }
        let orders: [SlipOrder]
        do throws(DialectError) {
            orders = try SlipOrderReader.read(request.body, from: .control)
        } catch {
            let reply = refusal(error.description)
            return ControlCommand(access: access, actions: []) { _ in reply }
        }
        let steps = orders.map(Self.step)
        let isExtended = settings.extended
        return ControlCommand(access: access, steps: steps.compactMap(\.self)) { results in
            guard isExtended else { return Self.reply([]) }
            var results = results[...]
            return Self.reply(zip(orders, steps).map { ($0, $1 == nil ? .notFound : results.popFirst() ?? .notFound) }, isExtended: true)
        }
    }

    /// By its own content type, or as JSON. Without a key of its own it leaves JSON to others that is no list of events.
    private func isOurs(_ request: ControlRequest) -> Bool {
        let type = request.contentType.map { $0.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace } }
        switch type {
        case SlipDialect.contentType: return true
        case "application/json": return settings.jwtSecret != nil || (try? JSONReader.parse(request.body))?["events"] != nil
        default: return false
        }
    }

    private var access: ControlAccess {
        let refused = ControlReply(status: 403, contentType: "text/plain; charset=utf-8", body: "Invalid token")
        return settings.jwtSecret == nil ? .controlToken : .signed(otherwise: refused)
    }

    private static func step(_ order: SlipOrder) -> ControlStep? {
        if case .poll(let id, let timeout) = order { return id.map { .wait(for: $0, atMost: timeout) } }
        return order.action.map { .action($0) }
    }

    private func refusal(_ why: String) -> ControlReply {
        Self.message("invalid commands", status: 400) { json in
            guard settings.extended else { return }
            json.key("detail")
            json.string(why)
        }
    }

    private static func reply(_ results: [(order: SlipOrder, result: ActionResult)], isExtended: Bool = false) -> ControlReply {
        message("processed successfully", status: 200) { json in
            guard isExtended else { return }
            json.key("results")
            json.beginArray()
            for (order, result) in results { write(order, result, into: &json) }
            json.endArray()
        }
    }

    private static func write(_ order: SlipOrder, _ result: ActionResult, into json: inout JSONWriter) {
        json.beginObject()
        json.key("type")
        json.string(order.type)
        json.key("status")
        switch result {
        case .done(let delivered):
            json.string("ok")
            if case .poll = order { break }
            json.key("delivered")
            json.integer(delivered)
        case .dialling: json.string("ok")
        case .duplicate: json.string("duplicate")
        case .notFound: json.string("notFound")
        case .full: json.string("full")
        case .refused(let why):
            json.string("refused")
            json.key("detail")
            json.string(why)
        case .unreachable: json.string("unreachable")
        }
        json.endObject()
    }

    /// `{"message": "…"}`, with the published space behind the colon: somebody may compare texts.
    private static func message(_ text: String, status: Int, _ more: (inout JSONWriter) -> Void) -> ControlReply {
        var json = JSONWriter()
        json.beginObject()
        more(&json)
        json.endObject()
        let rest = String(buffer: json.buffer).dropFirst()
        return ControlReply(status: status, body: "{\"message\": \"\(text)\"\(rest == "}" ? "" : ",")\(rest)")
    }
}
