// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire

extension SessionRecord {
    /// What a connection on a route of this configuration keeps: made as the gateway makes it.
    static func sample(
        _ route: RouteConfiguration, headers: [OpeningRequest.Field] = [], direction: ConnectionFacts.Direction = .inbound,
        chosenProtocol: String? = nil, state: [String: String] = [:], channels: [String] = [], isTrusted: Bool = false
    ) -> SessionRecord {
        var random = QuickRandom(seed: 7)
        let id = ConnectionID.sample(3, node: .sample("web-1"), shard: 1, slot: 42)
        var request = OpeningRequest(
            path: "/chat", query: "room=7&user=4%20b", remoteAddress: "203.0.113.9", headers: headers, protocols: chosenProtocol.map { [$0] } ?? [])
        request.isTrusted = isTrusted
        let dialect = route.speaker
        let facts = ConnectionFacts(
            id: id, direction: direction, route: route.name, request: request, keeping: dialect.traits.keepsHeaders,
            webhookHead: direction == .outbound ? nil : dialect.webhookHead(of: request, id: id))
        let patch = StatePatch(state.sorted { $0.key < $1.key }.map { StatePatch.Change(key: $0.key, value: $0.value) })
        return SessionRecord(
            facts: facts, chosenProtocol: chosenProtocol, state: ConnectionState().merging(patch),
            channels: dialect.traits.tellsChannelsAtEnd ? channels.map(ChannelName.sample) : [], trace: TraceContext(using: &random),
            isTrusted: isTrusted)
    }

    /// What a browser sends.
    static let browserHeaders: [OpeningRequest.Field] = [
        .init(name: "host", value: "chat.example.com"), .init(name: "origin", value: "https://example.com"),
        .init(name: "user-agent", value: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
        .init(name: "sec-websocket-version", value: "13"), .init(name: "sec-websocket-key", value: "dGhlIHNhbXBsZSBub25jZQ=="),
        .init(name: "cookie", value: "session=0123456789abcdef"), .init(name: "authorization", value: "Bearer eyJhbGciOiJIUzI1NiJ9"),
        .init(name: "cookie", value: "theme=dark"), .init(name: "traceparent", value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
}

extension RouteConfiguration {
    static func sample(_ dialect: DialectName, _ adjust: (inout RouteConfiguration) -> Void = { _ in }) -> RouteConfiguration {
        var route = RouteConfiguration(name: "chat", path: .all, dialect: dialect, target: TargetURL("http://app.example/hook"))
        adjust(&route)
        return route
    }
}
