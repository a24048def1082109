// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// Outbound connections.
extension HubShard {
    /// Dials for whoever has the control API.
    ///
    /// - Parameter name: of the route; may be left out where only one can dial.
    func dial(_ request: DialRequest, onRoute name: String?) -> ActionResult {
        // An app that is asked what to dial says it there.
        let able = courier.routes.filter { $0.configuration.dialect.dials && !$0.configuration.dialect.asksWhatToDial }
        if let name {
            guard let route = courier.routes.first(where: { $0.configuration.name == name }) else { return .refused("there is no route \(name)") }
            guard route.configuration.dialect.dials else { return .refused("the dialect of the route \(name) has no outbound connections") }
            guard !route.configuration.dialect.asksWhatToDial else {
                return .refused("the route \(name) connects to what its app answers when it is asked")
            }
            return dial(request, on: route)
        }
        guard let route = able.first else { return .refused("no route has a dialect with outbound connections") }
        guard able.count == 1 else {
            return .refused("which route? One of \(able.map(\.configuration.name).joined(separator: ", "))")
        }
        return dial(request, on: route)
    }

    /// Dials on a route.
    ///
    /// - Returns: the connection's id, or why it is not dialled. Whether the remote can be had shows later.
    func dial(_ request: DialRequest, on route: ShardRoute) -> ActionResult {
        if case .refused(let why) = AddressGuard(settings: route.configuration.dial).judge(host: request.url.host) { return .refused(why) }
        let asks = route.configuration.dialect.asksWhatToDial
        if asks, let name = request.name {
            guard hub.dials.claim(name, on: route.configuration.name) else { return .refused("there is a connection \(name) already") }
        }
        return begin(request, asks: asks, on: route)
    }

    /// Asks the app of a route what to dial.
    func dialWhatAppSays(on route: ShardRoute) -> ActionResult { begin(nil, asks: true, on: route) }

    private func begin(_ request: DialRequest?, asks: Bool, on route: ShardRoute) -> ActionResult {
        guard !admission.isDraining else { return .refused("this gateway is shutting down") }
        let (standing, ticket) = admission.entered(from: nil)
        guard case .welcome = standing else {
            ticket.giveBack()
            return .refused("this gateway holds as many connections as it may (maxConnections)")
        }
        let dial = Dial(request, asks: asks, route: route, shard: self) { ticket.giveBack() }
        let connection = Connection(dialling: dial, id: makeID(), route: route, shard: self)
        hold(connection)
        if let request { connection.prepare(for: request) }
        dial.start(on: connection)
        return .dialling(connection.id)
    }
}
