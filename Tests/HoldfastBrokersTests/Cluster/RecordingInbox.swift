// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOConcurrencyHelpers
import NIOCore

/// An inbox that notes what comes, and answers as it is told to.
final class RecordingInbox: BrokerInbox {
    struct Notes {
        var deliveries: [[Broadcast]] = []
        var performed: [[Action]] = []
        var lost: [NodeName: [ConnectionRecord]] = [:]
        var buried: [ConnectionID] = []
        var open: [ConnectionRecord] = []
        var fetches = 0
        var isSilent = false
        var standing = NodeStanding()
        var results: [ActionResult]?
    }

    private let box = NIOLockedValueBox(Notes())

    var notes: Notes { box.withLockedValue { $0 } }
    func change(_ change: (inout Notes) -> Void) { box.withLockedValue { change(&$0) } }

    /// The texts that came, in order.
    var texts: [String] {
        notes.deliveries.joined().compactMap { if case .message(let publication) = $0 { String(buffer: publication.payload.bytes) } else { nil } }
    }

    var standing: NodeStanding { notes.standing }

    func deliver(_ broadcasts: [Broadcast]) { change { $0.deliveries.append(broadcasts) } }

    func perform(_ actions: [Action], answer: @escaping @Sendable ([ActionResult]) -> Void) {
        change { $0.performed.append(actions) }
        let notes = notes
        if !notes.isSilent { answer(notes.results ?? actions.map { _ in .done(delivered: 1) }) }
    }

    func answer(_ question: NodeQuestion) async -> NodeAnswer {
        switch question {
        case .connection(let id): .connections([ShownConnection(id: id, json: ByteBuffer(string: "{}"))])
        case .connections(_, let limit, _, _):
            .connections(
                notes.open.prefix(limit).map { ShownConnection(id: $0.id, json: ByteBuffer(string: String(repeating: "x", count: 1_000))) })
        case .channels: .channels([])
        case .subscriberCount: .count(7)
        }
    }

    func lost(_ records: [ConnectionRecord], of node: NodeName) { change { $0.lost[node, default: []] += records } }

    func buried(_ connections: [ConnectionID]) { change { $0.buried += connections } }

    func records(after cursor: ConnectionID?, limit: Int) async -> [ConnectionRecord] {
        box.withLockedValue { notes in
            notes.fetches += 1
            let start = cursor.flatMap { id in notes.open.firstIndex { $0.id == id } }.map { $0 + 1 } ?? 0
            return Array(notes.open[start...].prefix(limit))
        }
    }
}
