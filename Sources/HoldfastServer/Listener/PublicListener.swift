// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Logging
package import NIOCore
import NIOPosix
import NIOSSL

/// Binds the public addresses and gives each accepted socket to its event loop's shard.
package struct PublicListener: Sendable {
    private let hub: Hub
    private let admission: NodeAdmission
    private let group: any EventLoopGroup
    private let tls: NIOSSLContext?
    private let logger: Logger

    /// - Parameter tls: for the addresses that speak it.
    init(hub: Hub, admission: NodeAdmission, group: any EventLoopGroup, tls: NIOSSLContext?, logger: Logger) {
        self.tls = tls
        self.hub = hub
        self.admission = admission
        self.group = group
        self.logger = logger
    }

    /// Starts to accept on an address.
    ///
    /// - Throws: a ``GatewayError`` with a sentence when the address cannot be had.
    func bind(_ listen: ListenAddress) async throws -> any Channel {
        let address = listen.address
        let tls = hub.configuration.isTLS(listen) ? tls : nil
        let hub = hub
        let admission = admission
        let logger = logger
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptErrorHandler(logger: logger)) }
            }
            // Linux gives it on to the sockets that are accepted here, which saves a system call for each.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.accept(channel, hub: hub, admission: admission, tls: tls) }
            }
        do {
            return try await bootstrap.bind(host: address.host.isEmpty ? "0.0.0.0" : address.host, port: address.port).get()
        } catch {
            throw GatewayError.cannotListen(on: address, setting: "listen, --listen", because: error)
        }
    }

    private static func accept(_ channel: any Channel, hub: Hub, admission: NodeAdmission, tls: NIOSSLContext?) throws {
        let (standing, ticket) = admission.entered(from: channel.remoteAddress)
        do {
            try accept(channel, standing, ticket, on: hub.shard(on: channel.eventLoop), tls: tls)
        } catch {
            // Nobody else has taken it.
            ticket.giveBack()
            throw error
        }
    }

    private static func accept(
        _ channel: any Channel, _ standing: NodeAdmission.Standing, _ ticket: NodeAdmission.Ticket, on shard: HubShard, tls: NIOSSLContext?
    ) throws {
        let admission = shard.admission
        if case .unwanted(let reason) = standing {
            shard.refused[reason, default: 0] += 1
            throw Unwanted()
        }
        // It would come too late to be told so with the others.
        if admission.isDraining { throw Unwanted() }
        // Here rather than by the bootstrap, which makes a promise for each option: 12 % of the instructions of a handshake.
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 32 << 10))
        if tls == nil { try channel.readFrom(shard.reads, hasRead: false) } else { try channel.readAlone() }
        let opening = OpeningHandler(shard: shard, standing: standing, ticket: ticket, isSecured: tls == nil)
        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
        try channel.pipeline.syncOperations.addHandler(ClientSocket(opening))
    }
}

/// Closes a socket unread.
private struct Unwanted: Error {}

/// Says when sockets cannot be accepted; the listener itself goes on.
private final class AcceptErrorHandler: ChannelInboundHandler {
    typealias InboundIn = Channel

    private let logger: Logger
    private var warnings = LogGate(lines: 10, every: .seconds(1))

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let held = warnings.pass(at: .current) else { return }
        var metadata: Logger.Metadata = [LogKey.error: "\(WebhookPool.sentence(error))"]
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        logger.warning("a socket could not be accepted", metadata: metadata)
    }
}
