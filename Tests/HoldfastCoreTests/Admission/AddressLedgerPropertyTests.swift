// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct AddressLedgerPropertyTests {
    /// The limits of one address, told the long way: sockets counted, and a bucket that fills by a share for each connect and runs dry over the period.
    private struct Plain {
        let maxHeld: Int?
        let connects: Int64?
        let period: Int64
        var held = 0
        var surplus = 0
        /// Nanoseconds of the period that are used up, and when that was so.
        var used: Int64 = 0
        var since: Int64 = 0

        mutating func entered(at now: Int64) -> AddressLedger.Verdict {
            used = max(0, used - (now - since))
            since = now
            var isWelcome = true
            if let maxHeld, held >= maxHeld { isWelcome = false }
            if isWelcome, let connects {
                isWelcome = used + period / connects <= period
                if isWelcome { used += period / connects }
            }
            if isWelcome {
                held += 1
                return .welcome
            }
            guard surplus < 16 else { return .drop }
            surplus += 1
            return .surplus
        }

        mutating func left(_ verdict: AddressLedger.Verdict) {
            switch verdict {
            case .welcome: held -= 1
            case .surplus: surplus -= 1
            case .drop: break
            }
        }
    }

    @Test("Whoever comes and goes in whatever order, it judges as a plain count does", arguments: 0..<40)
    func model(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        let maxHeld = generator.oneIn(3) ? nil : Int.random(in: 1...20, using: &generator)
        let connects = generator.oneIn(3) ? nil : [1, 2, 5, 10, 50].randomElement(using: &generator)
        let period = Duration.seconds(10)
        var ledger = AddressLedger(maxHeld: maxHeld, rate: connects.map { ConnectRate(connects: $0, period: period) })
        var plain = [Plain](repeating: Plain(maxHeld: maxHeld, connects: connects.map(Int64.init), period: period.inNanoseconds), count: 4)
        var inside: [(Int, AddressLedger.Verdict)] = []
        var now = MonotonicTime.after(.seconds(1))
        var seen: [AddressLedger.Verdict: Int] = [:]
        for _ in 0..<800 {
            if generator.oneIn(3) { now = now + .milliseconds(Int.random(in: 0...1500, using: &generator)) }
            if generator.oneIn(3), let place = inside.indices.randomElement(using: &generator) {
                let (number, verdict) = inside.remove(at: place)
                ledger.left(AddressLedgerTests.network(number), verdict, at: now)
                plain[number].left(verdict)
            } else {
                let number = Int.random(in: 0..<plain.count, using: &generator)
                let verdict = ledger.entered(AddressLedgerTests.network(number), at: now)
                #expect(verdict == plain[number].entered(at: now.nanoseconds))
                inside.append((number, verdict))
                seen[verdict, default: 0] += 1
            }
            let present = plain.count { $0.held + $0.surplus > 0 }
            #expect(ledger.count >= present && ledger.count <= plain.count)
            if connects == nil { #expect(ledger.count == present) }
        }
        #expect((seen[.welcome] ?? 0) > 0)
        // When all are gone and the period is over, everybody begins anew.
        now = now + period
        for (number, verdict) in inside { ledger.left(AddressLedgerTests.network(number), verdict, at: now) }
        let most = [maxHeld, connects].compactMap { $0 }.min() ?? 30
        for number in plain.indices {
            let fresh = (0..<most).map { _ in ledger.entered(AddressLedgerTests.network(number), at: now) }
            #expect(fresh.allSatisfy { $0 == .welcome })
        }
    }

    // MARK: A flood from everywhere

    @Test("However many addresses come and go, no more are remembered for their rate than the bound says, and those who stay are known")
    func bound() {
        var ledger = AddressLedger(maxHeld: 1, rate: ConnectRate(connects: 1, period: .seconds(3600)))
        let now = MonotonicTime.after(.zero)
        let staying = 0..<100
        for number in staying { #expect(ledger.entered(AddressLedgerTests.network(number), at: now) == .welcome) }
        var most = 0
        for number in 100..<(2 * AddressLedger.maxEntries + 2000) {
            let network = AddressLedgerTests.network(number)
            ledger.left(network, ledger.entered(network, at: now), at: now)
            most = max(most, ledger.count)
        }
        #expect(most <= AddressLedger.maxEntries + staying.count)
        for number in staying { #expect(ledger.entered(AddressLedgerTests.network(number), at: now) == .surplus, "it is still held") }
    }

    @Test("A flood does not make the ledger forget who has used up his rate")
    func floodIsNoAmnesty() {
        var ledger = AddressLedger(maxHeld: nil, rate: ConnectRate(connects: 1, period: .seconds(3600)))
        let now = MonotonicTime.after(.zero)
        let first = AddressLedgerTests.network(0)
        ledger.left(first, ledger.entered(first, at: now), at: now)
        for number in 1..<(2 * AddressLedger.maxEntries + 2000) {
            let network = AddressLedgerTests.network(number)
            ledger.left(network, ledger.entered(network, at: now), at: now)
        }
        #expect(ledger.entered(first, at: now) == .surplus)
    }
}
