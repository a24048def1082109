// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Members by slot number: constant time in and out, in one array, and a cursor's order that pages can follow.
///
/// Freed slots are reused. Whoever keeps a slot number must check that the member found there is still the one meant.
package struct SlotTable<Member> {
    // Inlined into the module of its members: without knowing their type, each call costs some hundred instructions more.
    @usableFromInline var members: [Member?] = []
    @usableFromInline var free: [UInt32] = []
    @usableFromInline var taken = 0

    @inlinable package init() {}

    @inlinable package var count: Int { taken }

    /// The slot that the next ``insert(_:at:)`` may use.
    @inlinable package mutating func reserve() -> UInt32 {
        taken += 1
        if let slot = free.popLast() { return slot }
        members.append(nil)
        return UInt32(members.count - 1)
    }

    /// Sets or replaces the member of a reserved slot.
    @inlinable package mutating func insert(_ member: Member, at slot: UInt32) {
        members[Int(slot)] = member
    }

    @inlinable package subscript(slot: UInt32) -> Member? {
        Int(slot) < members.count ? members[Int(slot)] : nil
    }

    /// Gives a reserved slot back.
    @inlinable package mutating func remove(_ slot: UInt32) {
        members[Int(slot)] = nil
        free.append(slot)
        taken -= 1
    }

    /// The members behind a slot, in slot order; from the start for `nil`.
    package func members(after slot: UInt32?) -> some Sequence<Member> {
        let start = slot.map { Int($0) + 1 } ?? 0
        return members[min(start, members.count)...].lazy.compactMap(\.self)
    }
}
