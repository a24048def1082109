// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Who has how many sockets here, and how fast they come: the limits per source address.
///
/// The rate is kept as one time per address, by which its next connect is due (the generic cell rate algorithm): a burst of the whole number is
/// let through, then one for each share of the period. What need not be known any more is forgotten as the table grows.
package struct AddressLedger: Sendable {
    package enum Verdict: Equatable, Sendable {
        case welcome
        /// To be answered 429.
        case surplus
        /// Too many of that address wait for their 429 already: to be closed unread.
        case drop
    }

    private struct Entry {
        var held = 0
        var surplus = 0
        /// When the address has used up nothing of its rate.
        var clearAt: MonotonicTime

        /// Whether no socket of it is here, so that it is remembered for its rate alone.
        var isAbsent: Bool { held == 0 && surplus == 0 }
    }

    /// Sockets of one address that are kept open to be told no.
    package static let maxSurplus = 16
    /// Addresses that are remembered for their rate alone. Beyond it, who leaves is forgotten: a flood from everywhere is no matter of addresses.
    package static let maxEntries = 1 << 18

    private let maxHeld: Int?
    private let rate: ConnectRate?
    private var entries: [SourceNetwork: Entry] = [:]
    /// How many of them have no socket here.
    private var absent = 0
    private var sweepAt = 1024
    private var sweptAt: MonotonicTime?

    package init(maxHeld: Int?, rate: ConnectRate?) {
        self.maxHeld = maxHeld
        self.rate = rate
    }

    package var count: Int { entries.count }

    /// A socket came. Each is to be followed by ``left(_:_:at:)`` with the verdict.
    package mutating func entered(_ network: SourceNetwork, at now: MonotonicTime) -> Verdict {
        if entries.count >= sweepAt { sweep(at: now) }
        let known = entries[network]
        var entry = known ?? Entry(clearAt: now)
        let verdict = judge(&entry, at: now)
        switch verdict {
        case .welcome: entry.held += 1
        case .surplus: entry.surplus += 1
        case .drop: return verdict
        }
        if known?.isAbsent == true { absent -= 1 }
        entries[network] = entry
        return verdict
    }

    /// A socket is gone.
    package mutating func left(_ network: SourceNetwork, _ verdict: Verdict, at now: MonotonicTime) {
        guard var entry = entries[network] else { return }
        switch verdict {
        case .welcome: entry.held -= 1
        case .surplus: entry.surplus -= 1
        case .drop: return
        }
        guard entry.isAbsent else {
            entries[network] = entry
            return
        }
        if absent >= Self.maxEntries, sweptAt.map({ now >= $0 + .seconds(1) }) ?? true { sweep(at: now) }
        if entry.clearAt <= now || absent >= Self.maxEntries {
            entries[network] = nil
        } else {
            entries[network] = entry
            absent += 1
        }
    }

    private func judge(_ entry: inout Entry, at now: MonotonicTime) -> Verdict {
        var isWelcome = maxHeld.map { entry.held < $0 } ?? true
        if isWelcome, let rate {
            let share = Duration.nanoseconds(max(1, rate.period.inNanoseconds / Int64(rate.connects)))
            let due = max(entry.clearAt, now)
            isWelcome = due + share <= now + rate.period
            if isWelcome { entry.clearAt = due + share }
        }
        return isWelcome ? .welcome : entry.surplus < Self.maxSurplus ? .surplus : .drop
    }

    private mutating func sweep(at now: MonotonicTime) {
        entries = entries.filter { !$0.value.isAbsent || $0.value.clearAt > now }
        absent = entries.reduce(0) { $0 + ($1.value.isAbsent ? 1 : 0) }
        sweepAt = max(1024, entries.count * 2)
        sweptAt = now
    }
}
