// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What becomes of the records of a lost node.
extension RecordLedger {
    /// How often a node that came back is told which of its connections were reported, beyond the first time: over two leases.
    static let tellings = 8

    /// A node was lost.
    ///
    /// - Parameters:
    ///   - successor: the node that follows it in the ring.
    ///   - own: this node.
    package mutating func lost(_ node: NodeInstance, successor: NodeName?, own: NodeName, at now: MonotonicTime) {
        // Where it was reported and has not been back since, there is no more to tell.
        guard let successor, buried[node]?.isComplete != true else { return dropAll(of: node) }
        leaving.removeAll { $0.lost == node }
        guard successor != own else {
            elsewhere[node] = nil
            let isCertain = copies[node]?.isComplete ?? false
            due[node] = isCertain ? now : now + Self.patience
            return
        }
        due[node] = nil
        handOver(node, to: successor, at: now)
    }

    /// Nodes came or went: another may have to report the lost ones whose records were handed over.
    package mutating func reconsider(own: NodeName, at now: MonotonicTime, successor: (NodeName) -> NodeName?) {
        for (node, before) in elsewhere {
            let after = successor(node.name)
            if after != before.successor { lost(node, successor: after, own: own, at: now) }
        }
    }

    /// A node hands over records of a lost one.
    ///
    /// - Parameter isMember: whether that node is there, as this one sees it: then they are not taken. They come again while it is lost for another.
    package mutating func take(_ records: HandedOverRecords, isMember: Bool, at now: MonotonicTime) -> [Order] {
        let node = records.lost
        guard !isMember else { return [] }
        if let grave = buried[node] {
            guard !grave.isComplete else { return records.isLast ? [.tellAll(.reported(node))] : [] }
            return report(records.records, of: node, isComplete: records.isComplete && records.isLast)
        }
        var copies = handed.removeValue(forKey: node) ?? []
        let place = copies.firstIndex { $0.listing == records.listing } ?? copies.endIndex
        if place == copies.endIndex { copies.append(RecordCopy(listing: records.listing)) }
        for record in records.records {
            guard recordCount < limits.records, byteCount + record.bytes.readableBytes <= limits.bytes else {
                refusedCount += 1
                continue
            }
            count(copies[place], -1)
            copies[place].set(record)
            count(copies[place], 1)
        }
        if records.isLast, records.isComplete { copies[place].isComplete = true }
        handed[node] = copies
        // The last that came decides how long more is waited for.
        if elsewhere[node] == nil { due[node] = now + Self.patience }
        return []
    }

    /// Another node has reported a lost one.
    package mutating func reported(_ node: NodeInstance) {
        dropAll(of: node)
    }

    /// A node that was lost is there again, as it was, or one of its name in a new run.
    package mutating func joined(_ node: NodeInstance) -> [Order] {
        due[node] = nil
        elsewhere[node] = nil
        leaving.removeAll { $0.lost == node }
        for copy in handed.removeValue(forKey: node) ?? [] { count(copy, -1) }
        for other in buriedOrder where other.name == node.name && other != node { forgetBuried(other) }
        guard buried[node] != nil else { return [] }
        // From here on it has connections that were not reported.
        buried[node]?.isComplete = false
        buried[node]?.tellings = Self.tellings
        return tell(node)
    }

    /// A node that is there announces itself. It may not have been able to hear when it came back, so it is told again what was reported of it.
    package mutating func announced(_ node: NodeInstance) -> [Order] {
        guard let grave = buried[node], grave.tellings > 0 else { return [] }
        buried[node]?.tellings -= 1
        return tell(node)
    }

    package mutating func tick(at now: MonotonicTime) -> [Order] {
        var orders: [Order] = []
        for (node, time) in due.sorted(by: { $0.key.description < $1.key.description }) where time <= now {
            let isKnown = copies[node] != nil || handed[node] != nil
            let all = collected(of: node)
            dropAll(of: node)
            guard isKnown else { continue }
            orders += report(all.records, of: node, isComplete: all.isComplete)
        }
        for (node, entry) in elsewhere where now.since(entry.last) >= Self.retryTime && !leaving.contains(where: { $0.lost == node }) {
            // The successor has not said that it has reported: it may not have got them all, or see the node still.
            if now.since(entry.first) >= Self.doubtTime { dropAll(of: node) } else { handOver(node, to: entry.successor, at: now) }
        }
        for place in leaving.indices {
            let page = leaving[place].rest.prefix(RecordPage.end(of: leaving[place].rest) { $0.bytes.readableBytes })
            leaving[place].rest = leaving[place].rest.dropFirst(page.count)
            let leaving = leaving[place]
            let records = HandedOverRecords(
                lost: leaving.lost, listing: leaving.listing, isComplete: leaving.isComplete, isLast: leaving.rest.isEmpty, records: Array(page))
            orders.append(.tell(leaving.to, .handedOver(records)))
        }
        leaving.removeAll(where: \.rest.isEmpty)
        return orders
    }

    // MARK: Its own

    private mutating func handOver(_ node: NodeInstance, to successor: NodeName, at now: MonotonicTime) {
        let own = [copies[node]].compactMap(\.self) + (handed[node] ?? [])
        guard !own.isEmpty else { return elsewhere[node] = nil }
        elsewhere[node] = Elsewhere(successor: successor, first: elsewhere[node]?.first ?? now, last: now)
        for copy in own {
            leaving.append(Leaving(lost: node, to: successor, isComplete: copy.isComplete, listing: copy.listing, rest: copy.sorted[...]))
        }
    }

    /// All that is known of a lost node: the latest list that was complete, and what came in lists after it.
    private func collected(of node: NodeInstance) -> (records: [ConnectionRecord], isComplete: Bool) {
        let all = ([copies[node]].compactMap(\.self) + (handed[node] ?? [])).sorted { $0.listing < $1.listing }
        var union = RecordCopy(listing: 0)
        var isComplete = false
        for copy in all {
            if copy.isComplete { union = RecordCopy(listing: 0) }
            isComplete = copy.isComplete
            for (id, kept) in copy.records { union.set(ConnectionRecord(id: id, bytes: kept.bytes)) }
        }
        return (union.sorted, isComplete)
    }

    /// - Parameter isComplete: whether there are no others.
    private mutating func report(_ records: [ConnectionRecord], of node: NodeInstance, isComplete: Bool) -> [Order] {
        let before = buried[node]?.ids ?? []
        let new = records.filter { !before.contains($0.id) }
        if buried[node] == nil { buriedOrder.append(node) }
        buried[node] = Buried(ids: before.union(new.map(\.id)), isComplete: isComplete)
        while buried.count > 1, buried.values.reduce(0, { $0 + $1.ids.count }) > limits.buried || buried.count > 1_000 {
            forgetBuried(buriedOrder[0])
        }
        // While others may have more, they keep it.
        return (new.isEmpty ? [] : [.report(new, of: node.name)]) + (isComplete ? [.tellAll(.reported(node))] : [])
    }

    private func tell(_ node: NodeInstance) -> [Order] {
        let ids = (buried[node]?.ids ?? []).sorted { $0.description < $1.description }
        return stride(from: 0, to: ids.count, by: Self.pageSize).map {
            .tell(node.name, .buried(instance: node.number, Array(ids[$0..<min($0 + Self.pageSize, ids.count)])))
        }
    }

    private mutating func forgetBuried(_ node: NodeInstance) {
        buried[node] = nil
        buriedOrder.removeAll { $0 == node }
    }
}
