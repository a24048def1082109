// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct RecordChangesTests {
    private func all(_ changes: inout RecordChanges) -> [UInt32] {
        var slots: [UInt32] = []
        while let slot = changes.next() { slots.append(slot) }
        return slots
    }

    private func removed(_ changes: inout RecordChanges) -> [ConnectionID] { changes.takeRemoved() }

    @Test("However often a connection changes, it is sent once each time; in the order of the first changes")
    func coalescing() {
        var changes = RecordChanges()
        changes.keep(7)
        changes.keep(3)
        for _ in 0..<100 { changes.change(7) }
        #expect(!changes.isEmpty)
        #expect(all(&changes) == [7, 3])
        #expect(changes.isEmpty)
        for _ in 0..<100 { changes.change(3) }
        #expect(all(&changes) == [3])
    }

    @Test("A connection that has no record has no changes")
    func notKept() {
        var changes = RecordChanges()
        changes.change(0)
        changes.change(900)
        changes.drop(.sample(slot: 5))
        changes.forget(1000)
        #expect(changes.isEmpty && !changes.holds(0) && !changes.holds(900))
    }

    @Test("Of a connection that came and went between two ticks nothing is said")
    func shortLived() {
        var changes = RecordChanges()
        changes.keep(5)
        changes.drop(.sample(slot: 5))
        #expect(all(&changes).isEmpty)
        #expect(removed(&changes).isEmpty)
    }

    @Test("A record that was sent is removed once, and not sent again before")
    func removal() {
        var changes = RecordChanges()
        let id = ConnectionID.sample(slot: 5)
        changes.keep(5)
        #expect(all(&changes) == [5])
        #expect(changes.holds(5))
        changes.change(5)
        changes.drop(id)
        changes.drop(id)
        #expect(!changes.holds(5))
        #expect(removed(&changes) == [id])
        #expect(all(&changes).isEmpty)
        #expect(changes.isEmpty)
    }

    @Test("Who has the slot next is another connection")
    func reuse() {
        var changes = RecordChanges()
        changes.keep(5)
        changes.drop(.sample(1, slot: 5))
        changes.keep(5)
        #expect(all(&changes) == [5])
        #expect(removed(&changes).isEmpty)
        changes.drop(.sample(2, slot: 5))
        changes.keep(5)
        #expect(removed(&changes) == [.sample(2, slot: 5)])
        #expect(all(&changes) == [5])
    }

    @Test("While nobody is there nothing waits; a page for whoever comes counts as sent")
    func skipping() {
        var changes = RecordChanges()
        changes.keep(5)
        changes.skip()
        #expect(changes.isEmpty && changes.holds(5))
        changes.drop(.sample(slot: 5))
        #expect(changes.isEmpty)
        changes.keep(6)
        changes.skip()
        changes.listed(6)
        changes.drop(.sample(slot: 6))
        #expect(removed(&changes) == [.sample(slot: 6)])
        changes.listed(9)
        changes.drop(.sample(slot: 9))
        #expect(removed(&changes).isEmpty, "it has no record")
    }

    @Test("A change goes out although a list had the record: the list may leave out what changed while it was made")
    func page() {
        var changes = RecordChanges()
        changes.keep(5)
        changes.listed(5)
        #expect(all(&changes) == [5])
        #expect(all(&changes).isEmpty)
    }

    @Test("Where the app was told by another node, no removal is sent")
    func forgotten() {
        var changes = RecordChanges()
        changes.keep(5)
        _ = all(&changes)
        changes.forget(5)
        changes.drop(.sample(slot: 5))
        #expect(changes.isEmpty && !changes.holds(5))
    }
}
