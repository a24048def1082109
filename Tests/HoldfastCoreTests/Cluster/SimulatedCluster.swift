// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

@testable import HoldfastCore

/// Several nodes over a bus in memory whose connections break and whose server is divided, in steps of 100 ms, all from one seed.
///
/// The bus is as bad as one may be: what was on its way when a connection broke is lost from some place on, and what was not confirmed is sent again.
struct SimulatedCluster {
    struct Node {
        let instance: NodeInstance
        let writer: NodeMessageWriter
        var machine: ClusterMachine
        var windows: [NodeInstance: ReplayWindow] = [:]
        var number: UInt64 = 0
        var isUp = false
        /// In which part of the server.
        var part = 0
        /// Sent and not confirmed.
        var outgoing: [(to: NodeName?, bytes: ByteBuffer)] = []
        var incoming: [ByteBuffer] = []
        var open: [ConnectionID: ConnectionRecord] = [:]
        var fetch: (after: ConnectionID?, limit: Int, listing: UInt64)?
        var published = 0
    }

    var nodes: [NodeName: Node] = [:]
    var random: QuickRandom
    private(set) var now = MonotonicTime.after(.seconds(1))
    private var lastInstance: UInt64 = 0
    private var lastConnection: UInt64 = 0
    /// Who was reported, by whom.
    var reports: [(id: ConnectionID, by: NodeName)] = []
    /// What each instance heard of each other, by its numbers.
    var heard: [NodeInstance: [NodeInstance: [Int]]] = [:]
    var refused: [NodeInstance] = []
    let lease = Duration.seconds(4)

    init(seed: UInt64) { random = QuickRandom(seed: seed) }

    // MARK: Events

    mutating func start(_ name: NodeName) {
        lastInstance += 1
        let instance = NodeInstance(name, lastInstance)
        let announcement = NodeAnnouncement(started: UInt64(now.nanoseconds / 1_000_000), lease: lease, version: "1")
        let machine = ClusterMachine(own: instance, announcement: announcement, keepsRecords: true)
        nodes[name] = Node(instance: instance, writer: NodeMessageWriter(sender: instance), machine: machine)
        with(name) { $0.machine.join(at: $1) }
        connect(name)
    }

    mutating func connect(_ name: NodeName) {
        nodes[name]?.isUp = true
        with(name) { $0.machine.wentUp(at: $1) }
    }

    /// The connection breaks: of what was on its way, only the first part got there, both ways.
    mutating func cut(_ name: NodeName) {
        guard let node = nodes[name], node.isUp else { return }
        let count = Int.random(in: 0...node.outgoing.count, using: &random)
        for message in node.outgoing.prefix(count) { carry(message, from: name) }
        nodes[name]?.isUp = false
        nodes[name]?.incoming.removeLast(Int.random(in: 0...node.incoming.count, using: &random))
        nodes[name]?.machine.wentDown(at: now)
    }

    mutating func crash(_ name: NodeName) { nodes[name] = nil }

    mutating func leave(_ name: NodeName) {
        send(.farewell, to: nil, from: name)
        for message in nodes[name]?.outgoing ?? [] { carry(message, from: name) }
        nodes[name] = nil
    }

    mutating func openConnection(_ name: NodeName) {
        lastConnection += 1
        let record = ConnectionRecord(id: .sample(lastConnection, node: name), bytes: ByteBuffer(integer: lastConnection))
        nodes[name]?.open[record.id] = record
        with(name) { node, _ in node.machine.keep([.set(record)]) }
    }

    mutating func closeConnection(_ name: NodeName) {
        guard let id = nodes[name]?.open.keys.min(by: { $0.description < $1.description }) else { return }
        nodes[name]?.open[id] = nil
        with(name) { node, _ in node.machine.keep([.remove(id)]) }
    }

    mutating func publish(_ name: NodeName) {
        guard let count = nodes[name]?.published else { return }
        nodes[name]?.published += 1
        let publication = Publication(channel: .sample("room"), payload: .sample("\(count)"))
        send(.broadcasts([.message(publication)]), to: nil, from: name)
    }

    // MARK: Time

    mutating func step() {
        now = now + .milliseconds(100)
        for name in names {
            with(name) { $0.machine.tick(at: $1, connections: $0.open.count, isDraining: false) }
            // The gateway needs its time to answer.
            if let fetch = nodes[name]?.fetch, random.oneIn(2) {
                let ids = nodes[name]?.open.keys.sorted { $0.description < $1.description } ?? []
                let page = ids.filter { id in fetch.after.map { $0.description < id.description } ?? true }.prefix(fetch.limit)
                let records = page.compactMap { nodes[name]?.open[$0] }
                nodes[name]?.fetch = nil
                with(name) { node, _ in node.machine.fetched(records, listing: fetch.listing) }
            }
        }
        for name in names where nodes[name]?.isUp == true {
            let outgoing = nodes[name]?.outgoing ?? []
            for message in outgoing { carry(message, from: name) }
            nodes[name]?.outgoing = []
        }
        for name in names where nodes[name]?.isUp == true {
            let incoming = nodes[name]?.incoming ?? []
            nodes[name]?.incoming = []
            for bytes in incoming { receive(bytes, at: name) }
        }
    }

    mutating func run(_ duration: Duration) {
        for _ in 0..<(duration.inNanoseconds / 100_000_000) { step() }
    }

    var names: [NodeName] { nodes.keys.sorted { $0.description < $1.description } }

    /// Whether every node knows every other one.
    var agrees: Bool {
        nodes.allSatisfy { name, node in
            Set(node.machine.membership.members.map { NodeInstance($0.name, $0.instance) })
                == Set(nodes.values.map(\.instance)).subtracting([node.instance])
        }
    }

    // MARK: Its own

    private mutating func with(_ name: NodeName, _ body: (inout Node, MonotonicTime) -> [ClusterMachine.Order]) {
        guard var node = nodes.removeValue(forKey: name) else { return }
        let orders = body(&node, now)
        nodes[name] = node
        for order in orders { carryOut(order, by: name) }
    }

    private mutating func carryOut(_ order: ClusterMachine.Order, by name: NodeName) {
        switch order {
        case .tellAll(let message): send(message, to: nil, from: name)
        case .tell(let other, let message): send(message, to: other, from: name)
        case .refused:
            if let node = nodes.removeValue(forKey: name) { refused.append(node.instance) }
        case .report(let records, _): reports += records.map { ($0.id, name) }
        case .bury(let ids):
            for id in ids where nodes[name]?.open.removeValue(forKey: id) != nil { with(name) { node, _ in node.machine.keep([.remove(id)]) } }
        case .fetch(let cursor, let limit, let listing): nodes[name]?.fetch = (cursor, limit, listing)
        case .accepted, .joined, .lost, .left, .clash: break
        }
    }

    private mutating func send(_ message: NodeMessage, to other: NodeName?, from name: NodeName) {
        guard var node = nodes[name], var bytes = try? node.writer.bytes(of: message) else { return }
        node.number += 1
        node.writer.number(node.number, in: &bytes)
        if case .announcement = message, !node.isUp {} else { node.outgoing.append((other, bytes)) }
        nodes[name] = node
    }

    private mutating func carry(_ message: (to: NodeName?, bytes: ByteBuffer), from name: NodeName) {
        let part = nodes[name]?.part
        for other in names where message.to == nil || message.to == other {
            if nodes[other]?.isUp == true, nodes[other]?.part == part { nodes[other]?.incoming.append(message.bytes) }
        }
    }

    private mutating func receive(_ bytes: ByteBuffer, at name: NodeName) {
        guard var node = nodes[name], let reader = try? NodeMessageReader(bytes), let sender = try? reader.sender() else { return }
        let instance = NodeInstance(sender, reader.instance)
        guard instance != node.instance else { return }
        let arrival = node.windows[instance]?.take(reader.number) ?? .next
        if node.windows[instance] == nil { node.windows[instance] = ReplayWindow(first: reader.number) }
        node.machine.heard(instance, at: now)
        nodes[name] = node
        guard arrival == .next || arrival == .late && !reader.hasBroadcasts, let message = try? reader.message() else { return }
        if case .broadcasts(let broadcasts) = message {
            for case .message(let publication) in broadcasts {
                heard[node.instance, default: [:]][instance, default: []].append(Int(String(buffer: publication.payload.bytes)) ?? -1)
            }
        } else {
            with(name) { $0.machine.received(message, from: instance, at: $1) }
        }
    }
}
