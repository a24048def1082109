// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import ServiceLifecycle

/// Joins the cluster, and then lets clients in: before, a client could be told of things that other nodes do not know.
final class Door: Sendable {
    /// How often it is said that the broker cannot be reached.
    private static let reminder = TimeAmount.seconds(5)

    private struct State {
        var isOpen = false
        var channels: [any Channel] = []
        var control: HostPort?
        var hasTold = false
    }

    private let hub: Hub
    private let listener: PublicListener
    private let logger: Logger
    private let ready: @Sendable (Gateway.Addresses) -> Void
    private let state = NIOLockedValueBox(State())

    /// - Parameter ready: called once, when clients and control requests are accepted.
    init(
        hub: Hub, admission: NodeAdmission, group: any EventLoopGroup, tls: NIOSSLContext?, logger: Logger,
        ready: @escaping @Sendable (Gateway.Addresses) -> Void
    ) {
        self.hub = hub
        self.logger = logger
        self.ready = ready
        listener = PublicListener(hub: hub, admission: admission, group: group, tls: tls, logger: logger)
    }

    /// Does nothing where it is open already.
    ///
    /// - Returns: whether it is open now; `false` where the gateway was told to stop before it could join.
    /// - Throws: a ``GatewayError``.
    func open() async throws -> Bool {
        guard !state.withLockedValue(\.isOpen) else { return true }
        guard try await join() else { return false }
        hub.watch.look(at: .current)
        for address in hub.configuration.listen {
            let channel = try await listener.bind(address)
            state.withLockedValue { $0.channels.append(channel) }
        }
        hub.open()
        state.withLockedValue { $0.isOpen = true }
        tell()
        return true
    }

    func controlListens(at address: HostPort) {
        state.withLockedValue { $0.control = address }
        tell()
    }

    func close() async {
        for channel in state.withLockedValue(\.channels) { try? await channel.close().get() }
    }

    // MARK: Inside

    /// Whoever comes last tells.
    private func tell() {
        let (channels, control) = state.withLockedValue { state in
            guard state.isOpen, let control = state.control, !state.hasTold else { return ([any Channel](), HostPort?.none) }
            state.hasTold = true
            return (state.channels, control)
        }
        guard let control else { return }
        let configuration = hub.configuration
        let listen = zip(configuration.listen, channels).map { wanted, channel in
            let address = HostPort(host: channel.localAddress?.ipAddress ?? "", port: channel.localAddress?.port ?? 0)
            return ListenAddress(address, scheme: configuration.isTLS(wanted) ? .wss : .ws)
        }
        let broker = hub.broker
        let cluster =
            configuration.cluster.isAlone
            ? nil : Gateway.JoinedCluster(server: broker.status.server ?? broker.name, node: broker.node, otherNodes: broker.members.count)
        ready(Gateway.Addresses(listen: listen, control: control, cluster: cluster))
    }

    /// Tries for as long as only the network is in the way.
    private func join() async throws -> Bool {
        let (outcomes, settle) = AsyncStream.makeStream(of: Result<Bool, any Error>.self, bufferingPolicy: .bufferingOldest(1))
        let loop = hub.shards[0].loop
        // A task of its own: a broker that does not hear of a shutdown must not hold it up.
        let joining = Task { [hub] in
            do {
                try await hub.broker.join(hub, on: loop)
                settle.yield(.success(true))
            } catch {
                settle.yield(.failure(error))
            }
        }
        let reminding = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: Self.reminder) { [hub, logger] _ in
            logger.warning(
                "the cluster is not joined yet, and no client is let in before; it is tried again",
                metadata: [LogKey.error: "\(hub.broker.status.problem ?? "the broker has not answered")"])
        }
        defer { reminding.cancel() }
        let outcome = await withGracefulShutdownHandler {
            for await outcome in outcomes { return outcome }
            return .success(false)
        } onGracefulShutdown: {
            settle.yield(.success(false))
        }
        do {
            let hasJoined = try outcome.get()
            if !hasJoined { joining.cancel() }
            return hasJoined
        } catch {
            throw GatewayError(.cannotJoin, "\(error)")
        }
    }
}
