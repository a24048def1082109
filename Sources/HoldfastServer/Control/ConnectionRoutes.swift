// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Hummingbird

/// Connections: list, look at one, send, close, subscribe, unsubscribe.
struct ConnectionRoutes {
    let hub: Hub

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("/v1/connections") { request, _ in try await list(request) }
        router.get("/v1/connections/{id}") { _, context in
            let id = try context.connectionID()
            switch await hub.find(id) {
            case .connection(let shown):
                return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: shown.json))
            case .none: throw Problem.noConnection(id.description)
            case .unreachable: throw Problem.silentNode
            }
        }
        router.post("/v1/connections/{id}/messages") { request, context in
            let id = try context.connectionID()
            let payload = try await request.payload(limit: hub.configuration.maxMessageBytes)
            return Self.answer(await hub.perform([.send(payload, to: id)]).first, on: id).response
        }
        router.delete("/v1/connections/{id}") { request, context in
            let (code, reason) = try request.closing()
            let id = try context.connectionID()
            return try await perform(.close(code, reason: reason, to: id), on: id, .accepted)
        }
        router.put("/v1/connections/{id}/channels/{channel}") { _, context in
            let id = try context.connectionID()
            return try await perform(.subscribe(try context.channel(), to: id), on: id, .noContent)
        }
        router.delete("/v1/connections/{id}/channels/{channel}") { _, context in
            let id = try context.connectionID()
            return try await perform(.unsubscribe(try context.channel(), to: id), on: id, .noContent)
        }
    }

    /// What the caller is told of a message for one connection.
    static func answer(_ result: ActionResult?, on id: ConnectionID) -> ControlAnswer {
        Problem(result, on: id)?.answer ?? ControlAnswer(.acceptedEmpty)
    }

    private func perform(_ action: Action, on id: ConnectionID, _ status: HTTPResponse.Status) async throws -> Response {
        if let problem = Problem(await hub.perform([action]).first, on: id) { throw problem }
        return Response(status: status)
    }

    private func list(_ request: Request) async throws -> Response {
        let limit = try request.pageLimit()
        var channel: ChannelName?
        if let text = request.query("channel") {
            guard let name = ChannelName(text) else { throw Problem.badRequest("channel: \(ChannelName.rule)") }
            channel = name
        }
        let nodes = try request.nodes(of: hub)
        let page = await hub.connections(
            of: nodes, after: try request.cursor(), limit: limit + 1, route: request.query("route"), channel: channel)
        return Response.json(.ok) { json in
            json.key("connections")
            json.beginArray()
            for shown in page.value.prefix(limit) { json.raw(shown.json) }
            json.endArray()
            page.value.writeNext(limit: limit, into: &json)
            page.unreachable.write(into: &json)
        }
    }
}

extension Request {
    /// Where a page of connections begins.
    func cursor() throws -> ConnectionID? {
        guard let text = query("after") else { return nil }
        guard let id = ConnectionID(text) else { throw Problem.badRequest("after: expected the \"next\" of the page before") }
        return id
    }
}

extension [ShownConnection] {
    /// The cursor of the next page, if this one, read one longer than asked, shows that there is more.
    func writeNext(limit: Int, into json: inout JSONWriter) {
        guard count > limit else { return }
        json.key("next")
        json.string(self[limit - 1].id.description)
    }
}
