// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// What the bus brings.
extension ClusterWorker {
    func received(_ messages: [BusMessage]) {
        guard !hasLeft else { return }
        let now = now
        var broadcasts: [Broadcast] = []
        var (received, repeated, notUnderstood) = (0, 0, 0)
        var previous: NodeInstance?
        for message in messages {
            do throws(NodeMessageError) {
                let reader = try NodeMessageReader(message.bytes)
                // An engine may bring back what this node sent.
                if reader.instance == broker.own.number, reader.isFrom(broker.node) { continue }
                let (sender, arrival) = try senders.take(reader, at: now)
                // A publication that was overtaken by a later one would break the order.
                guard arrival == .next || arrival == .late && !reader.hasBroadcasts else {
                    repeated += 1
                    continue
                }
                if sender != previous {
                    machine.heard(sender, at: now)
                    previous = sender
                }
                let content = try reader.message()
                received += 1
                if case .broadcasts(let more) = content {
                    broadcasts += more
                } else {
                    // What a node sent before an order is delivered before it is begun.
                    deliver(&broadcasts)
                    take(content, from: sender, at: now)
                }
            } catch {
                notUnderstood += 1
                log.notUnderstood(error, on: message.subject, at: now)
            }
        }
        deliver(&broadcasts)
        holdOrLetGo()
        guard received + repeated + notUnderstood > 0 else { return }
        broker.update { [received, repeated, notUnderstood] desk in
            desk.counts.received += received
            desk.counts.repeated += repeated
            desk.counts.notUnderstood += notUnderstood
        }
    }

    private func deliver(_ broadcasts: inout [Broadcast]) {
        guard !broadcasts.isEmpty else { return }
        inbox.deliver(broadcasts)
        broadcasts = []
    }

    private func take(_ message: NodeMessage, from sender: NodeInstance, at now: MonotonicTime) {
        switch message {
        case .broadcasts: break
        case .actions(let request, let actions): perform(actions, request, for: sender)
        case .question(let request, let question): answer(question, request, for: sender)
        case .results(let request, let results):
            guard request.instance == broker.own.number, let waiting = requests.close(request.number, from: sender.name) else { return }
            guard case .results(let count, let answer) = waiting, count == results.count else { return waiting.giveUp() }
            answer(results)
        case .answer(let request, let part, let isLast):
            guard request.instance == broker.own.number else { return }
            take(part, isLast, of: request.number, from: sender)
        case .announcement, .objection, .farewell, .records, .forgetRecords, .wantsRecords, .handedOver, .reported, .buried:
            carryOut(machine.received(message, from: sender, at: now))
            if case .announcement = message { noteMembers() }
        }
    }

    private func take(_ part: NodeAnswer, _ isLast: Bool, of number: UInt64, from sender: NodeInstance) {
        requests.update(number, from: sender.name) { waiting in
            guard case .answer(let before, let answer) = waiting else { return }
            waiting = .answer(before?.joined(with: part) ?? part, answer)
        }
        guard isLast, let waiting = requests.close(number, from: sender.name) else { return }
        guard case .answer(let whole, let answer) = waiting else { return waiting.giveUp() }
        answer(whole)
    }

    /// A node whose name is not certain leaves actions and questions to the one that had it first.
    private var isAddressed: Bool { machine.membership.state == .member }

    private func perform(_ actions: [Action], _ request: UInt64, for sender: NodeInstance) {
        guard isAddressed, !actions.isEmpty else { return }
        inbox.perform(actions) { [broker] results in
            guard request != 0 else { return }
            let address = NodeRequest(instance: sender.number, number: request)
            broker.tell(.results(to: address, results), broker.subject.node(sender.name))
        }
    }

    private func answer(_ question: NodeQuestion, _ request: UInt64, for sender: NodeInstance) {
        guard isAddressed else { return }
        Task { [inbox, broker] in
            let parts = await inbox.answer(question).parts(of: ClusterBroker.messageBytes)
            let address = NodeRequest(instance: sender.number, number: request)
            for (place, part) in parts.enumerated() {
                broker.tell(.answer(to: address, part, isLast: place == parts.count - 1), broker.subject.node(sender.name))
            }
        }
    }
}
