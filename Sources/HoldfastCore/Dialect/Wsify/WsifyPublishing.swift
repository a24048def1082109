// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// `POST /broadcast` of v3 and `POST /publish` of v2: from a request to what it asks for and how it is answered.
struct WsifyPublishing {
    /// How many receivers one request may name.
    static let maxReceivers = 1000

    let settings: WsifySettings

    /// What is wrong with a request as far as its head tells: that it lacks the key.
    func refusal(ofHead request: ControlRequest) -> ControlReply? { isOurs(request) && !hasKey(request) ? ControlReply(status: 403, body: "") : nil }

    /// - Returns: `nil` when the request is not of this convention.
    func command(from request: ControlRequest) -> ControlCommand? {
        guard isOurs(request) else { return nil }
        // Where there is no key, the control API's token is all that stands between it and a stranger.
        let access = settings.broadcastingKey.isEmpty ? ControlAccess.controlToken : .judged
        if let refusal = refusal(ofHead: request) { return ControlCommand(access: .barred, actions: []) { _ in refusal } }
        do throws(Fault) {
            guard Self.isJSON(request.contentType) else { throw Fault(415, "expected content-type: application/json") }
            let json: JSONValue
            do throws(JSONSyntaxError) {
                json = try JSONReader.parse(request.body)
            } catch {
                throw Fault("the body is not JSON: \(error)")
            }
            guard json.object != nil else { throw Fault("expected an object, found \(json.kind)") }
            return settings.version == .v3 ? try broadcast(json, access) : try publish(json, access, at: request.time)
        } catch {
            let reply = settings.version == .v3 ? reply3(error) : reply2(error)
            return ControlCommand(access: access, actions: []) { _ in reply }
        }
    }

    private struct Fault: Error {
        let status: Int
        let detail: String

        init(_ status: Int = 400, _ detail: String) {
            self.status = status
            self.detail = detail
        }

        init(_ detail: String) { self.init(400, detail) }
    }

    private func isOurs(_ request: ControlRequest) -> Bool { request.method == "POST" && request.path == settings.publishPath }

    /// The key of the query counts; where the query has none, the one of the header, if one is set up.
    private func hasKey(_ request: ControlRequest) -> Bool {
        let key = settings.broadcastingKey
        if let given = QueryItems(request.query)["key"] { return ConstantTime.equal(given, key) }
        if !key.isEmpty, let header = request.authorization, header.lowercased().hasPrefix("bearer ") {
            return ConstantTime.equal(String(header.dropFirst("bearer ".count)), key)
        }
        return ConstantTime.equal("", key)
    }

    private static func isJSON(_ contentType: String?) -> Bool {
        guard let type = contentType?.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).first else { return false }
        return type.filter { !$0.isWhitespace }.lowercased() == "application/json"
    }

    // MARK: v3

    private func broadcast(_ json: JSONValue, _ access: ControlAccess) throws(Fault) -> ControlCommand {
        // The program's form wins over the document's: its senders may have anything in "args".
        let content = json["content"] ?? json["args"]?["content"]
        let payload = Payload.text(content?.source ?? ByteBuffer(string: "null"))
        if settings.targets, let to = json["to"], !to.isNull {
            let ids = try receivers(to, "to: expected a list of connection ids", ConnectionID.init)
            guard json["channel"] == nil else { throw Fault("to: reaches connections whatever they have joined; leave channel out, or to") }
            return ControlCommand(access: access, actions: ids.map { .send(payload, to: $0) }, reply: Self.created)
        }
        guard let given = json["channel"] else { throw Fault("channel: missing") }
        guard let channel = given.string.flatMap(WsifyChannel.read) else { throw Fault("channel: \(WsifyChannel.rule)") }
        return ControlCommand(access: access, actions: [.publish(Publication(channel: channel, payload: payload))], reply: Self.created)
    }

    /// 201 without a body, as ever; a header says how many connections of this node it reached.
    private static let created: @Sendable ([ActionResult]) -> ControlReply = { results in
        ControlReply(status: 201, headers: [.init(name: "holdfast-delivered", value: String(delivered(results)))], body: "")
    }

    private func reply3(_ fault: Fault) -> ControlReply { ControlReply(status: fault.status, body: Self.errorBody(fault)) }

    // MARK: v2

    private func publish(_ json: JSONValue, _ access: ControlAccess, at time: Int64?) throws(Fault) -> ControlCommand {
        guard let channel = json["channel"]?.string.flatMap(WsifyChannel.read) else { throw Fault("channel: \(WsifyChannel.rule)") }
        let to = json["to"]
        let keys =
            try to.map { to throws(Fault) in to.isNull ? [] : try receivers(to, "to: expected a list of keys", ExactText.init).map(\.text) } ?? []
        var message = JSONWriter()
        message.beginObject()
        if let payload = json["payload"], !payload.isNull {
            message.key("payload")
            message.raw(payload.source)
        }
        message.key("channel")
        message.string(channel.description)
        if let time {
            message.key("time")
            message.integer(time)
        }
        message.endObject()
        let payload = Payload.text(message.buffer)
        let channels = keys.isEmpty ? [channel] : keys.map { WsifyChannel.target(channel, key: $0) }
        let said = Self.published(json, channel, keys)
        return ControlCommand(access: access, actions: channels.map { .publish(Publication(channel: $0, payload: payload)) }) { results in
            ControlReply(status: 200, headers: [.init(name: "holdfast-delivered", value: String(Self.delivered(results)))], body: said)
        }
    }

    /// The answer repeats the message. The original writes "sucess"; who waits for the right word finds that as well.
    private static func published(_ json: JSONValue, _ channel: ChannelName, _ keys: [String]) -> String {
        var answer = JSONWriter()
        answer.beginObject()
        answer.key("success")
        answer.bool(true)
        answer.key("sucess")
        answer.bool(true)
        answer.key("data")
        answer.beginObject()
        if let payload = json["payload"], !payload.isNull {
            answer.key("payload")
            answer.raw(payload.source)
        }
        if !keys.isEmpty {
            answer.key("to")
            answer.beginArray()
            for key in keys { answer.string(key) }
            answer.endArray()
        }
        answer.key("channel")
        answer.string(channel.description)
        answer.endObject()
        answer.endObject()
        return String(buffer: answer.buffer)
    }

    private func reply2(_ fault: Fault) -> ControlReply {
        var json = JSONWriter()
        json.beginObject()
        json.key("success")
        json.bool(false)
        json.key("sucess")
        json.bool(false)
        json.key("error")
        json.string(fault.detail)
        json.endObject()
        return ControlReply(status: 422, body: String(buffer: json.buffer))
    }

    // MARK: Both

    /// Each receiver once, in order.
    private func receivers<Receiver: Hashable>(
        _ list: JSONValue, _ rule: String, _ read: (String) -> Receiver?
    ) throws(Fault) -> [Receiver] {
        guard let items = list.array else { throw Fault(rule) }
        guard items.count <= Self.maxReceivers else { throw Fault("to: no more than \(Self.maxReceivers) receivers") }
        var seen: Set<Receiver> = []
        var receivers: [Receiver] = []
        for item in items {
            guard let receiver = item.string.flatMap(read) else { throw Fault(rule) }
            if seen.insert(receiver).inserted { receivers.append(receiver) }
        }
        return receivers
    }

    private static func delivered(_ results: [ActionResult]) -> Int {
        results.reduce(0) { if case .done(let count) = $1 { $0 + count } else { $0 } }
    }

    private static func errorBody(_ fault: Fault) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.string(fault.detail)
        json.endObject()
        return String(buffer: json.buffer)
    }
}
