// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Hummingbird
import NIOCore

/// Channels: publish, list, look at one, listen in.
struct ChannelRoutes {
    let hub: Hub

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.post("/v1/channels/{channel}/messages") { request, context in try await publish(request, context) }
        router.get("/v1/channels/{channel}/messages") { _, context in try tail(context) }
        router.get("/v1/channels") { request, _ in try await list(request) }
        router.get("/v1/channels/{channel}") { request, context in try await show(request, context) }
    }

    private func publish(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let channel = try context.channel()
        let id = request.query("id")
        if let id, !PublicationID.isValid(id) { throw Problem.badRequest("id: \(PublicationID.rule)") }
        let payload = try await request.payload(limit: hub.configuration.maxMessageBytes)
        let result = await hub.perform([.publish(Publication(channel: channel, payload: payload, id: id))]).first
        return Self.answer(result, nodes: hub.watch.reach).response
    }

    /// What the caller is told of a publication.
    ///
    /// - Parameter nodes: how many it is carried to; `nil` where there is but this one.
    static func answer(_ result: ActionResult?, nodes: Int?) -> ControlAnswer {
        if nodes == nil, case .done(let delivered)? = result, delivered < delivering.count { return delivering[delivered] }
        return makeAnswer(result, nodes: nodes)
    }

    /// The answers for a few subscribers on a node that stands alone, made once.
    private static let delivering = (0..<100).map { makeAnswer(.done(delivered: $0), nodes: nil) }

    private static func makeAnswer(_ result: ActionResult?, nodes: Int?) -> ControlAnswer {
        .json(.accepted) { json in
            json.key("delivered")
            if case .done(let delivered)? = result { json.integer(delivered) } else { json.integer(0) }
            if result == .duplicate {
                json.key("duplicate")
                json.bool(true)
            } else if let nodes {
                json.key("nodes")
                json.integer(nodes)
            }
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let limit = try request.pageLimit()
        var after: ChannelName?
        if let text = request.query("after") {
            guard let name = ChannelName(text) else { throw Problem.badRequest("after: expected the \"next\" of the page before") }
            after = name
        }
        let page = await hub.channels(of: try request.nodes(of: hub), after: after, limit: limit + 1)
        return Response.json(.ok) { json in
            json.key("channels")
            json.beginArray()
            for entry in page.value.prefix(limit) {
                json.beginObject()
                json.key("name")
                json.string(entry.name.description)
                json.key("subscribers")
                json.integer(entry.subscribers)
                json.endObject()
            }
            json.endArray()
            if page.value.count > limit {
                json.key("next")
                json.string(page.value[limit - 1].name.description)
            }
            page.unreachable.write(into: &json)
        }
    }

    private func show(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let channel = try context.channel()
        let limit = try request.pageLimit()
        let cursor = try request.cursor()
        let nodes = try request.nodes(of: hub)
        async let counting = hub.subscriberCount(of: channel, on: nodes)
        let page = await hub.connections(of: nodes, after: cursor, limit: limit + 1, route: nil, channel: channel)
        let total = await counting
        let silent = Set(total.unreachable + page.unreachable).sorted { $0.description < $1.description }
        return Response.json(.ok) { json in
            json.key("name")
            json.string(channel.description)
            json.key("subscribers")
            json.integer(total.value)
            json.key("connections")
            json.beginArray()
            for shown in page.value.prefix(limit) { json.string(shown.id.description) }
            json.endArray()
            page.value.writeNext(limit: limit, into: &json)
            silent.write(into: &json)
        }
    }

    /// The channel's publications as server-sent events, until the listener leaves or the gateway stops.
    private func tail(_ context: BasicRequestContext) throws -> Response {
        let channel = try context.channel()
        let publications = hub.tail(channel)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(EventWriter.keepAlive)
                for await publication in publications {
                    try await writer.write(publication.map { EventWriter.event("message", data: Self.describe($0)) } ?? EventWriter.keepAlive)
                }
                try await writer.finish(nil)
            })
    }

    private static func describe(_ publication: Publication) -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        json.key("channel")
        json.string(publication.channel.description)
        switch publication.payload {
        case .text(let text):
            json.key("text")
            json.string(utf8: text)
        case .binary(let bytes):
            json.key("base64")
            json.base64(bytes)
        }
        if let id = publication.id {
            json.key("id")
            json.string(id)
        }
        json.endObject()
        return json.buffer
    }
}
