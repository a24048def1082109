// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastApp

/// The script over the `json` dialect.
struct JSONScript: Sendable {
    let control: Control
    /// The same with a wrong token.
    let stranger: Control

    @Sendable func respond(to event: Event, _ answer: inout Answer) async throws {
        switch event.kind {
        case .open(let opening): try open(opening, &answer)
        case .message(.text(let text)) where text.hasPrefix("{"):
            try await obey(try Message.text(text).decode(as: Order.self), &answer)
        case .message(let message): try answer.send(message)
        case .close(let closing):
            let ended: JSONValue = [
                "ended": .string(answer.connection.id), "code": .integer(closing.code), "reason": .string(closing.reason),
                "clean": closing.isClean.map { .bool($0) } ?? .null,
            ]
            try answer.publish(.json(ended), channel: "ends")
        case .ping, .pong, .unknown: break
        }
    }

    private func open(_ opening: Event.Opening, _ answer: inout Answer) throws {
        if let status = answer.connection.queryValue("reject").flatMap({ Int($0) }) {
            let headers: HTTPFields = [.contentType: "text/plain", try Self.header("x-reason"): "conformance"]
            return try answer.reject(status: HTTPResponse.Status(code: status), headers: headers, body: "no: ü")
        }
        try answer.accept(protocol: answer.connection.queryValue("protocol"), headers: [try Self.header("x-conformance"): "yes"])
        try answer.setState(["user": answer.connection.queryValue("user") ?? "nobody"])
        let welcome: JSONValue = [
            "welcome": .string(answer.connection.id), "user": .optional(answer.connection.state["user"]),
            "client": .optional(opening.headers[values: try Self.header("x-client")].first), "protocols": .strings(opening.protocols),
            "verified": .bool(answer.webhook.isVerified),
        ]
        try answer.send(.json(welcome))
    }

    private func obey(_ order: Order, _ answer: inout Answer) async throws {
        let connection = answer.connection
        switch order.do {
        case "who":
            let who: JSONValue = [
                "id": .string(connection.id), "state": .texts(connection.state), "channels": .strings(connection.channels),
                "path": .string(connection.path), "query": .string(connection.query), "protocol": .optional(connection.protocol),
                "batch": .integer(answer.webhook.events.count),
            ]
            try answer.send(.json(who))
        case "echo": try answer.send(.json(["echo": order.value ?? .null] as JSONValue))
        case "state":
            try answer.setState(order.patch())
            try answer.send(.json(["state": .texts(answer.connection.state)] as JSONValue))
        case "subscribe", "unsubscribe":
            let channel = try order.need(order.channel, "channel")
            if order.do == "subscribe" { try answer.subscribe(channel) } else { try answer.unsubscribe(channel) }
            try answer.send(.json(["channels": .strings(answer.connection.channels)] as JSONValue))
        case "publish", "publishBinary":
            try answer.publish(
                order.message(), channel: order.need(order.channel, "channel"), except: order.others == true ? [connection.id] : [])
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
        let control = order.wrongToken == true ? stranger : control
        let to = order.to ?? ""
        let channel = order.channel ?? ""
        let (code, reason) = (order.code ?? 1000, order.reason ?? "")
        switch order.call {
        case "publish":
            let message = try order.message()
            return await Order.report { () throws(ControlError) in
                let result = try await control.publish(message, channel: channel, except: order.except ?? [], id: order.id)
                return ["delivered": .integer(result.delivered), "duplicate": .bool(result.isDuplicate)]
            }
        case "send":
            let message = try order.message()
            return await Order.report { () throws(ControlError) in
                try await control.send(message, to: to)
                return nil
            }
        case "close":
            return await Order.report { () throws(ControlError) in
                try await control.close(code: code, reason: reason, to: to)
                return nil
            }
        case "subscribe":
            return await Order.report { () throws(ControlError) in
                try await control.subscribe(channel, to: to)
                return nil
            }
        case "unsubscribe":
            return await Order.report { () throws(ControlError) in
                try await control.unsubscribe(channel, to: to)
                return nil
            }
        case "setState":
            let patch = try order.patch()
            return await Order.report { () throws(ControlError) in
                try await control.setState(patch, to: to)
                return nil
            }
        case "closeChannel":
            return await Order.report { () throws(ControlError) in
                .integer(try await control.closeChannel(channel, code: code, reason: reason))
            }
        case "perform":
            let actions = try Self.actions(order.need(order.actions, "actions"))
            return await Order.report { () throws(ControlError) in
                .array(
                    try await control.perform(actions).map { result in
                        var members: [String: JSONValue] = ["status": .string(result.status.rawValue)]
                        if let delivered = result.delivered { members["delivered"] = .integer(delivered) }
                        return .object(members)
                    })
            }
        default: return try await look(order, control)
        }
    }

    private func look(_ order: Order, _ control: Control) async throws -> JSONValue {
        switch order.call {
        case "connections":
            return await Order.report { () throws(ControlError) in
                .strings(try await Self.all(control.connections(channel: order.channel)).map(\.id))
            }
        case "connection":
            return await Order.report { () throws(ControlError) in
                let found = try await control.connection(order.to ?? "")
                return ["id": .string(found.id), "state": .texts(found.state), "channels": .strings(found.channels)]
            }
        case "channels":
            return await Order.report { () throws(ControlError) in
                .array(try await Self.all(control.channels()).map { ["name": .string($0.name), "subscribers": .integer($0.subscribers)] })
            }
        case "channel":
            return await Order.report { () throws(ControlError) in
                let found = try await control.channel(order.channel ?? "")
                return ["name": .string(found.name), "subscribers": .integer(found.subscribers)]
            }
        case "subscribers":
            return await Order.report { () throws(ControlError) in .strings(try await Self.all(control.subscribers(order.channel ?? ""))) }
        case let other: throw Mistake("no such call: \(other ?? "nothing")")
        }
    }

    private static func all<Element: Sendable>(_ pages: ControlPages<Element>) async throws(ControlError) -> [Element] {
        var all: [Element] = []
        for try await element in pages { all.append(element) }
        return all
    }

    private static func actions(_ orders: [Order]) throws -> Actions {
        var actions = Actions()
        for order in orders {
            switch order.do {
            case "send": try actions.send(order.message(), to: order.need(order.to, "to"))
            case "publish":
                try actions.publish(order.message(), channel: order.need(order.channel, "channel"), except: order.except ?? [], id: order.id)
            case "close": try actions.close(code: order.code ?? 1000, reason: order.reason ?? "", to: order.need(order.to, "to"))
            case "subscribe": try actions.subscribe(order.need(order.channel, "channel"), to: order.need(order.to, "to"))
            case "setState": try actions.setState(order.patch(), to: order.need(order.to, "to"))
            case let other: throw Mistake("perform: no such action: \(other)")
            }
        }
        return actions
    }

    private static func header(_ name: String) throws -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { throw Mistake("\(name) is no header name") }
        return name
    }
}
