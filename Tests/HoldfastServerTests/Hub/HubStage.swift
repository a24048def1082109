// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

@testable import HoldfastServer

/// Hubs without sockets, for what happens between nodes: they meet at one exchange, and what each gives out on a channel is written down.
enum HubStage {
    /// - Parameter wait: how long a publication waits for the one before it.
    static func hub(_ broker: any Broker, wait: Duration = .seconds(30)) async throws -> Hub {
        var configuration = GatewayConfiguration()
        configuration.node = broker.node
        let shards = configuration
        var route = RouteConfiguration(name: "grip", path: .all, dialect: .grip, target: nil)
        route.grip.messageWait = wait
        configuration.routes = [route]
        let group = MultiThreadedEventLoopGroup.singleton
        let hub = try await Hub(configuration: configuration, broker: broker, loops: [group.next(), group.next()]) { index, loop in
            HubShard(index: index, loop: loop, configuration: shards, shared: [], admission: .forTests, logger: .init(label: "test"))
        }
        try await broker.join(hub, on: group.next())
        return hub
    }

    /// Nodes of one cluster.
    static func hubs(_ names: String..., wait: Duration = .seconds(30)) async throws -> [Hub] {
        let exchange = MemoryBroker.Exchange()
        var hubs: [Hub] = []
        for name in names {
            guard let node = NodeName(name) else { preconditionFailure("\(name) is a name") }
            hubs.append(try await hub(MemoryBroker(node: node, exchange: exchange), wait: wait))
        }
        return hubs
    }

    static let room: ChannelName = {
        guard let name = ChannelName("room") else { preconditionFailure("it is a name") }
        return name
    }()

    static func publication(_ text: String, id: String? = nil, after previous: String? = nil) -> Publication {
        Publication(
            channel: room, payload: .text(ByteBuffer(string: text)), id: id,
            details: previous.map { PublicationDetails(previousID: $0) })
    }
}

/// What a hub gives out on a channel, in order.
final class HubEar: Sendable {
    private let heard = NIOLockedValueBox<[String]>([])
    private let task: Task<Void, Never>

    init(_ hub: Hub, _ channel: ChannelName = HubStage.room) {
        let publications = hub.tail(channel)
        let heard = heard
        task = Task {
            for await publication in publications {
                guard case .text(let text)? = publication?.payload else { continue }
                heard.withLockedValue { $0.append(String(buffer: text)) }
            }
        }
    }

    var texts: [String] { heard.withLockedValue { $0 } }

    /// Leaves, so that the hub has one listener less.
    func leave() async {
        task.cancel()
        await task.value
    }
}
