// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle
import Testing

@testable import HoldfastServer

/// A node of a cluster lets clients in once it has joined.
@Suite struct DoorTests {
    /// A broker that joins when it is told to.
    private final class SlowBroker: Broker {
        struct State {
            var outcome: Result<Void, BrokerError>?
            var isUp = false
            var hasLeft = false
        }

        let node = NodeName.standalone
        let name = "slow"
        let members: [NodeMember] = []
        let state = NIOLockedValueBox(State())

        var hasLeft: Bool { state.withLockedValue { $0.hasLeft } }

        var status: BrokerStatus {
            var status = BrokerStatus(isUp: state.withLockedValue(\.isUp))
            if status.isUp { status.server = "slow://here" } else { status.problem = "nobody answers" }
            return status
        }

        func join(_ inbox: any BrokerInbox, on loop: any EventLoop) async throws {
            // It hears of nothing but its outcome, as a broker that does not look whether its task is cancelled.
            while true {
                if let outcome = state.withLockedValue(\.outcome) {
                    try outcome.get()
                    return state.withLockedValue { $0.isUp = true }
                }
                try? await loop.scheduleTask(in: .milliseconds(5)) {}.futureResult.get()
                if hasLeft { return }
            }
        }

        func leave() async { state.withLockedValue { $0.hasLeft = true } }
        func began(_ channel: ChannelName) {}
        func ended(_ channel: ChannelName) {}
        func broadcast(_ broadcasts: [Broadcast]) {}
        func send(_ actions: [Action], to node: NodeName, answer: (@Sendable ([ActionResult]) -> Void)?) { answer?(actions.map { _ in .notFound }) }
        func ask(_ question: NodeQuestion, of node: NodeName) async -> NodeAnswer? { nil }
        func keep(_ changes: [RecordChange]) {}
    }

    private func configuration(control port: Int) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.listen = [ListenAddress(HostPort(host: "127.0.0.1", port: 0))]
        configuration.control = HostPort(host: "127.0.0.1", port: port)
        configuration.threads = 1
        configuration.cluster.brokers = ["slow://here"]
        configuration.routes = [RouteConfiguration(name: "default", path: .all, dialect: .wsify, target: nil)]
        return configuration
    }

    /// Runs a gateway on a control port that is free a moment before.
    private func withGateway(
        _ broker: SlowBroker, adjust: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (ServiceGroup, Int, @escaping @Sendable () -> Gateway.Addresses?) async throws -> Void
    ) async throws {
        let port = try await FreePort.find()
        var configuration = configuration(control: port)
        adjust(&configuration)
        let logger = Logger(label: "gateway", factory: { _ in SwiftLogNoOpLogHandler() })
        let told = NIOLockedValueBox<Gateway.Addresses?>(nil)
        let gateway = Gateway(configuration: configuration, broker: broker, logger: logger) { addresses in told.withLockedValue { $0 = addresses } }
        let group = ServiceGroup(configuration: .init(services: [.init(service: gateway)], logger: logger))
        async let served: Void = group.run()
        do {
            try await body(group, port) { told.withLockedValue { $0 } }
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await served
    }

    private func get(_ port: Int, _ path: String) async -> (Int, JSONValue?) {
        guard let (status, body) = try? await HTTP.request("GET", port: port, path) else { return (0, nil) }
        return (status, try? JSONReader.parse(ByteBuffer(bytes: body)))
    }

    @Test func nobodyIsLetInBeforeTheClusterIsJoined() async throws {
        let broker = SlowBroker()
        try await withGateway(broker) { _, port, told in
            try await eventually("the control API answers") { await get(port, "/health").0 == 200 }
            let (status, body) = await get(port, "/ready")
            #expect(status == 503)
            #expect(body?["status"]?.string == "starting")
            #expect(body?["broker"]?["problem"]?.string == "nobody answers")
            #expect(await get(port, "/v1/connections").0 == 503)
            #expect(try await HTTP.request("POST", port: port, "/v1/channels/room/messages", body: "x").status == 503)
            #expect(try await HTTP.request("POST", port: port, "/broadcast", body: "{}").status == 503)
            #expect(await get(port, "/v1/nodes").0 == 200)
            #expect(try await HTTP.request("GET", port: port, "/metrics").status == 200)
            #expect(told() == nil, "nothing is announced")
            broker.state.withLockedValue { $0.outcome = .success(()) }
            try await eventually("it is ready") { await get(port, "/ready").0 == 200 }
            let addresses = try #require(told())
            #expect(addresses.cluster?.server == "slow://here")
            #expect(addresses.cluster?.otherNodes == 0)
            let probe = try await WebSocketProbe.connect(port: addresses.listen[0].address.port)
            try await eventually("a client is in") { probe.head != nil }
            #expect(try await HTTP.request("POST", port: port, "/v1/channels/room/messages", body: "x").status == 202)
        }
        #expect(broker.hasLeft)
    }

    @Test func aClusterThatRefusesTheNodeEndsIt() async throws {
        let broker = SlowBroker()
        broker.state.withLockedValue { $0.outcome = .failure(BrokerError(.nameTaken, "another node is named n1")) }
        let logger = Logger(label: "gateway", factory: { _ in SwiftLogNoOpLogHandler() })
        let gateway = Gateway(configuration: configuration(control: 0), broker: broker, logger: logger) { _ in }
        let error = await #expect(throws: GatewayError.self) {
            try await ServiceGroup(configuration: .init(services: [.init(service: gateway)], logger: logger)).run()
        }
        #expect(error == GatewayError(.cannotJoin, "another node is named n1"))
    }

    @Test func whoeverWaitsForTheBrokerCanBeStopped() async throws {
        let broker = SlowBroker()
        try await withGateway(broker) { _, port, _ in
            try await eventually("the control API answers") { await get(port, "/health").0 == 200 }
        }
        #expect(broker.hasLeft)
    }

    @Test(arguments: [true, false]) func aBrokerThatGoesAwayCountsWhereItIsTo(isReady: Bool) async throws {
        let broker = SlowBroker()
        broker.state.withLockedValue { $0.outcome = .success(()) }
        try await withGateway(broker, adjust: { $0.cluster.readyWithoutBroker = isReady }) { _, port, _ in
            try await eventually("it is ready") { await get(port, "/ready").0 == 200 }
            broker.state.withLockedValue { $0.isUp = false }
            try await eventually("it shows how long the broker is away") {
                await get(port, "/ready").1?["broker"]?["awaySeconds"]?.integer ?? 0 >= 5
            }
            try await eventually("it says so") {
                let (status, body) = await get(port, "/ready")
                return isReady ? status == 200 : status == 503 && body?["status"]?.string == "no broker"
            }
            broker.state.withLockedValue { $0.isUp = true }
            try await eventually("the broker is back") { await get(port, "/ready").1?["broker"]?["up"]?.bool == true }
            #expect(await get(port, "/ready").0 == 200)
        }
    }
}
