// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastApp

/// The script over the `slip` dialect.
struct SlipScript: Sendable {
    /// `nil` where the gateway has no secret.
    let control: SlipControl?
    /// The same with a wrong secret.
    let stranger: SlipControl

    @Sendable func respond(to event: SlipEvent, _ answer: inout SlipAnswer) async throws {
        switch event.kind {
        case .open(let opening): try open(opening, &answer)
        case .message(.text(let text)) where text.hasPrefix("{"):
            try await obey(try Message.text(text).decode(as: Order.self), &answer)
        case .message(let message): try answer.send(message)
        case .close(let closing):
            let ended: JSONValue = [
                "ended": .string(answer.connection.id), "code": .integer(closing.code), "reason": .string(closing.reason),
            ]
            try answer.publish(.json(ended), channel: "ends")
        case .ping, .pong, .unknown: break
        }
    }

    private func open(_ opening: Event.Opening, _ answer: inout SlipAnswer) throws {
        guard let reject = HTTPField.Name("x-reject"), let client = HTTPField.Name("x-client") else { throw Mistake("no header names") }
        if let status = opening.headers[reject].flatMap({ Int($0) }) {
            return try answer.close(reason: "no: ü", status: HTTPResponse.Status(code: status))
        }
        try answer.accept(protocol: opening.protocols.last)
        try answer.setMetadata(["user": "slip"])
        let welcome: JSONValue = [
            "welcome": .string(answer.connection.id), "user": answer.connection.metadata["user"] ?? .null,
            "client": .optional(opening.headers[values: client].first), "verified": .bool(answer.webhook.isVerified),
        ]
        try answer.send(.json(welcome))
    }

    private func obey(_ order: Order, _ answer: inout SlipAnswer) async throws {
        switch order.do {
        case "who":
            let who: JSONValue = [
                "id": .string(answer.connection.id), "state": answer.connection.metadata, "batch": .integer(answer.webhook.events.count),
            ]
            try answer.send(.json(who))
        case "echo": try answer.send(.json(["echo": order.value ?? .null] as JSONValue))
        case "state":
            try answer.setMetadata(order.state)
            try answer.send(.json(["state": answer.connection.metadata] as JSONValue))
        case "subscribe", "unsubscribe":
            let channel = try order.need(order.channel, "channel")
            if order.do == "subscribe" { try answer.subscribe(channel) } else { try answer.unsubscribe(channel) }
            try answer.send(.json(["done": true] as JSONValue))
        case "publish", "publishBinary": try answer.publish(order.message(), channel: order.need(order.channel, "channel"))
        case "tell": try answer.send(order.message(), to: order.need(order.to, "to"))
        case "close":
            let (code, reason) = (order.code ?? 1000, order.reason ?? "")
            if let to = order.to {
                try answer.close(code: code, reason: reason, to: to)
            } else {
                try answer.close(code: code, reason: reason)
            }
        case "closeChannel":
            try answer.closeChannel(order.need(order.channel, "channel"), code: order.code ?? 1000, reason: order.reason ?? "")
        case "wait": try await wait(milliseconds: order.need(order.ms, "ms"))
        case "throw": throw Mistake("as the test wants it")
        case "control": try answer.send(.json(try await call(order)))
        case let other: throw Mistake("no such thing to do: \(other)")
        }
    }

    private func call(_ order: Order) async throws -> JSONValue {
        guard let control = order.wrongToken == true ? stranger : control else { throw Mistake("CONTROL_SECRET: missing") }
        let to = order.to ?? ""
        let channel = order.channel ?? ""
        let (code, reason) = (order.code ?? 1000, order.reason ?? "")
        let message = order.text != nil || order.base64 != nil ? try order.message() : nil
        return await Order.report { () throws(ControlError) in
            switch order.call {
            case "publish": try await control.publish(message ?? "", channel: channel)
            case "send": try await control.send(message ?? "", to: to)
            case "close": try await control.close(code: code, reason: reason, to: to)
            case "subscribe": try await control.subscribe(channel, to: to)
            case "unsubscribe": try await control.unsubscribe(channel, to: to)
            case "setMetadata": try await control.setMetadata(order.metadata, to: to)
            case "closeChannel": try await control.closeChannel(channel, code: code, reason: reason)
            default: return .object(["no such call": .optional(order.call)])
            }
            return nil
        }
    }
}
