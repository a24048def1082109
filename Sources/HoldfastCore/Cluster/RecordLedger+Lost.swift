// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What becomes of the records of a lost node.
extension RecordLedger {
    /// A node was lost.
    ///
    /// - Parameters:
    ///   - successor: the node that follows it in the ring.
    ///   - own: this node.
    package mutating func lost(_ node: NodeInstance, successor: NodeName?, own: NodeName, at now: MonotonicTime) {
        guard let successor, buried[node] == nil else { return dropAll(of: node) }
        leaving.removeAll { $0.lost == node }
        guard successor != own else {
            elsewhere[node] = nil
            let isCertain = copies[node]?.isComplete ?? false
            due[node] = isCertain ? now : now + Self.patience
            return
        }
        due[node] = nil
        elsewhere[node] = successor
        let own = [copies[node]].compactMap(\.self) + (handed[node]?.copies ?? [])
        for copy in own { leaving.append(Leaving(lost: node, to: successor, copy: copy, rest: copy.sorted[...])) }
    }

    /// Nodes came or went: another may have to report the lost ones whose records were handed over.
    package mutating func reconsider(own: NodeName, at now: MonotonicTime, successor: (NodeName) -> NodeName?) {
        for (node, before) in elsewhere {
            let after = successor(node.name)
            if after != before { lost(node, successor: after, own: own, at: now) }
        }
    }

    /// A node hands over records of a lost one.
    ///
    /// - Parameter isMember: whether the lost node is there, as this one sees it.
    package mutating func take(_ records: HandedOverRecords, isMember: Bool, at now: MonotonicTime) -> [Order] {
        let node = records.lost
        if let grave = buried[node] {
            guard !grave.isComplete else { return [.tellAll(.reported(node))] }
            return report(records.records, of: node, isComplete: false)
        }
        var entry = handed.removeValue(forKey: node) ?? Handed(since: now)
        let place = entry.copies.firstIndex { $0.listing == records.listing } ?? entry.copies.endIndex
        if place == entry.copies.endIndex { entry.copies.append(RecordCopy(listing: records.listing)) }
        for record in records.records {
            guard recordCount < limits.records, byteCount + record.bytes.readableBytes <= limits.bytes else {
                refusedCount += 1
                continue
            }
            count(entry.copies[place], -1)
            entry.copies[place].set(record)
            count(entry.copies[place], 1)
        }
        if records.isLast, records.isComplete { entry.copies[place].isComplete = true }
        handed[node] = entry
        // The last that came decides how long more is waited for.
        if !isMember, elsewhere[node] == nil { due[node] = now + Self.patience }
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
        for copy in handed.removeValue(forKey: node)?.copies ?? [] { count(copy, -1) }
        for other in buriedOrder where other.name == node.name && other != node { forgetBuried(other) }
        guard let grave = buried[node] else { return [] }
        let ids = grave.ids.sorted { $0.description < $1.description }
        return stride(from: 0, to: ids.count, by: Self.pageSize).map {
            .tell(node.name, .buried(instance: node.number, Array(ids[$0..<min($0 + Self.pageSize, ids.count)])))
        }
    }

    package mutating func tick(at now: MonotonicTime) -> [Order] {
        var orders: [Order] = []
        for (node, time) in due.sorted(by: { $0.key.description < $1.key.description }) where time <= now {
            let all = collected(of: node)
            due[node] = nil
            dropAll(of: node)
            orders += report(all.records, of: node, isComplete: all.isComplete)
        }
        for (node, entry) in handed where due[node] == nil && elsewhere[node] == nil && now.since(entry.since) >= Self.doubtTime {
            for copy in entry.copies { count(copy, -1) }
            handed[node] = nil
        }
        for place in leaving.indices {
            let page = Array(leaving[place].rest.prefix(Self.pageSize))
            let (lost, copy) = (leaving[place].lost, leaving[place].copy)
            leaving[place].rest = leaving[place].rest.dropFirst(page.count)
            orders.append(
                .tell(
                    leaving[place].to,
                    .handedOver(
                        HandedOverRecords(
                            lost: lost, listing: copy.listing, isComplete: copy.isComplete, isLast: leaving[place].rest.isEmpty, records: page))))
        }
        leaving.removeAll(where: \.rest.isEmpty)
        return orders
    }

    // MARK: Its own

    /// All that is known of a lost node: the latest list that was complete, and what came in lists after it.
    private func collected(of node: NodeInstance) -> (records: [ConnectionRecord], isComplete: Bool) {
        let all = ([copies[node]].compactMap(\.self) + (handed[node]?.copies ?? [])).sorted { $0.listing < $1.listing }
        var union = RecordCopy(listing: 0)
        var isComplete = false
        for copy in all {
            if copy.isComplete { union = RecordCopy(listing: 0) }
            isComplete = copy.isComplete
            for (id, kept) in copy.records { union.set(ConnectionRecord(id: id, bytes: kept.bytes)) }
        }
        return (union.sorted, isComplete)
    }

    private mutating func report(_ records: [ConnectionRecord], of node: NodeInstance, isComplete: Bool) -> [Order] {
        let before = buried[node]?.ids ?? []
        let new = records.filter { !before.contains($0.id) }
        guard !new.isEmpty || isComplete else { return [] }
        if buried[node] == nil { buriedOrder.append(node) }
        buried[node] = Buried(ids: before.union(new.map(\.id)), isComplete: isComplete)
        while buried.count > 1, buried.values.reduce(0, { $0 + $1.ids.count }) > limits.buried || buried.count > 1_000 {
            forgetBuried(buriedOrder[0])
        }
        let report: [Order] = new.isEmpty ? [] : [.report(new, of: node.name)]
        return report + [.tellAll(.reported(node))]
    }

    private mutating func forgetBuried(_ node: NodeInstance) {
        buried[node] = nil
        buriedOrder.removeAll { $0 == node }
    }
}
