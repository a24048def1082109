// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct SlotTableTests {
    @Test("Slots are numbered from 0 and each holds what was put there")
    func insert() {
        var table = SlotTable<String>()
        for (index, member) in ["a", "b", "c"].enumerated() {
            let slot = table.reserve()
            #expect(slot == UInt32(index))
            table.insert(member, at: slot)
        }
        #expect(table.count == 3)
        #expect(table[1] == "b")
        table.insert("B", at: 1)
        #expect(table[1] == "B")
        #expect(table.count == 3)
    }

    @Test("A slot beyond the table holds nothing: an id may come from outside", arguments: [3, 4, 1_000_000, UInt32.max])
    func beyond(_ slot: UInt32) {
        let table = filled("a", "b", "c")
        #expect(table[slot] == nil)
        #expect(Array(table.members(after: slot)).isEmpty)
    }

    @Test("A reserved slot counts, but holds nothing yet")
    func reserved() {
        var table = SlotTable<String>()
        let slot = table.reserve()
        #expect(table.count == 1)
        #expect(table[slot] == nil)
        #expect(Array(table.members(after: nil)).isEmpty)
        table.remove(slot)
        #expect(table.count == 0)
    }

    @Test("A freed slot is empty and is used again, so the table does not grow")
    func reuse() {
        var table = filled("a", "b", "c")
        table.remove(1)
        #expect(table[1] == nil)
        #expect(table.count == 2)
        #expect(table.reserve() == 1)
        table.insert("d", at: 1)
        #expect(Array(table.members(after: nil)) == ["a", "d", "c"])
        #expect(table.reserve() == 3)
    }

    @Test("Members are listed in slot order behind a cursor, which may point to a freed slot")
    func cursor() {
        var table = filled("a", "b", "c", "d")
        table.remove(1)
        #expect(Array(table.members(after: nil)) == ["a", "c", "d"])
        #expect(Array(table.members(after: 0)) == ["c", "d"])
        #expect(Array(table.members(after: 1)) == ["c", "d"])
        #expect(Array(table.members(after: 3)) == [])
        #expect(Array(SlotTable<String>().members(after: nil)) == [])
    }

    @Test("At random it holds what a dictionary holds, and no two members share a slot", arguments: 0..<20)
    func model(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        var table = SlotTable<Int>()
        var model: [UInt32: Int] = [:]
        for number in 0..<500 {
            if generator.oneIn(2), let slot = model.keys.sorted().randomElement(using: &generator) {
                table.remove(slot)
                model[slot] = nil
            } else {
                let slot = table.reserve()
                #expect(model[slot] == nil)
                table.insert(number, at: slot)
                model[slot] = number
            }
            #expect(table.count == model.count)
        }
        #expect(Array(table.members(after: nil)) == model.sorted { $0.key < $1.key }.map(\.value))
    }

    private func filled(_ members: String...) -> SlotTable<String> {
        var table = SlotTable<String>()
        for member in members { table.insert(member, at: table.reserve()) }
        return table
    }
}
