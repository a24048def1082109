// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Reminders for many members of one event loop, at the cost of an array append each: no timer per connection, nothing to cancel.
///
/// Time is cut into ticks, and a ring of slots holds what is due in each. A member whose plans changed is not looked for: its old
/// reminder comes, finds nothing due, and is set anew. A reminder beyond the ring's horizon waits in the farthest slot.
package struct DeadlineWheel<Member: Sendable>: Sendable {
    // Inlined into the module of its members, as in ``SlotTable``.
    @usableFromInline struct Reminder: Sendable {
        @usableFromInline let member: Member
        @usableFromInline let at: MonotonicTime

        @usableFromInline init(member: Member, at: MonotonicTime) {
            self.member = member
            self.at = at
        }
    }

    package let tick: Duration
    @usableFromInline let tickNanoseconds: Int64
    @usableFromInline var slots: [[Reminder]]
    /// The number of the tick that was swept last.
    @usableFromInline var swept: Int64

    /// - Parameters:
    ///   - tick: how late a reminder may come; 100 ms in the gateway.
    ///   - slotCount: how many ticks ahead reminders are told apart.
    ///   - now: nothing before this will be asked for.
    package init(tick: Duration, slotCount: Int, now: MonotonicTime) {
        precondition(slotCount > 1 && tick > .zero, "a wheel needs slots and a tick")
        self.tick = tick
        self.tickNanoseconds = tick.inNanoseconds
        self.slots = Array(repeating: [], count: slotCount)
        self.swept = now.nanoseconds / tick.inNanoseconds
    }

    /// Asks for `member` to be handed back by the first call of ``due(at:)`` at or after `time`.
    @inlinable package mutating func remind(_ member: Member, at time: MonotonicTime) {
        let wanted = (time.nanoseconds + tickNanoseconds - 1) / tickNanoseconds
        let due = min(max(wanted, swept + 1), swept + Int64(slots.count) - 1)
        slots[Int(due % Int64(slots.count))].append(Reminder(member: member, at: time))
    }

    /// Takes out all members whose time has come.
    ///
    /// They are returned rather than handed to a closure: whoever is reminded asks for the next reminder at once.
    package mutating func due(at now: MonotonicTime) -> [Member] {
        let current = now.nanoseconds / tickNanoseconds
        guard current > swept else { return [] }
        // After a pause longer than the ring, one turn of it sees every slot.
        let first = max(swept + 1, current - Int64(slots.count) + 1)
        var members: [Member] = []
        var early: [Reminder] = []
        for number in first...current {
            let place = Int(number % Int64(slots.count))
            guard !slots[place].isEmpty else { continue }
            var passed: [Reminder] = []
            swap(&passed, &slots[place])
            for reminder in passed {
                if reminder.at <= now { members.append(reminder.member) } else { early.append(reminder) }
            }
        }
        swept = current
        for reminder in early { remind(reminder.member, at: reminder.at) }
        return members
    }
}
