// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct AddressLedgerTests {
    /// A network of its own for each number.
    static func network(_ number: Int) -> SourceNetwork {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        guard let network = SourceNetwork(bytes: bytes) else { preconditionFailure("four bytes are an address") }
        return network
    }

    private let one = network(1)
    private let other = network(2)

    private static func rate(_ connects: Int, _ period: Duration) -> ConnectRate { ConnectRate(connects: connects, period: period) }

    /// What so many sockets that come at the same time are told.
    private func enter(_ ledger: inout AddressLedger, _ network: SourceNetwork, _ count: Int, at now: MonotonicTime) -> [AddressLedger.Verdict] {
        (0..<count).map { _ in ledger.entered(network, at: now) }
    }

    private func verdicts(_ welcome: Int, _ surplus: Int, _ drop: Int) -> [AddressLedger.Verdict] {
        [AddressLedger.Verdict](repeating: .welcome, count: welcome) + [AddressLedger.Verdict](repeating: .surplus, count: surplus)
            + [AddressLedger.Verdict](repeating: .drop, count: drop)
    }

    // MARK: Verdicts

    @Test(
        "As many as both limits allow are welcome, 16 more are told no, the rest is dropped; each address for itself",
        arguments: [1, 3, 20, nil] as [Int?], [1, 5, 20, nil] as [Int?])
    func limits(_ maxHeld: Int?, _ connects: Int?) {
        var ledger = AddressLedger(maxHeld: maxHeld, rate: connects.map { Self.rate($0, .seconds(60)) })
        let most = [maxHeld, connects].compactMap { $0 }.min()
        for network in [one, other] {
            let expected = most.map { verdicts($0, AddressLedger.maxSurplus, 5) } ?? verdicts(50, 0, 0)
            #expect(enter(&ledger, network, expected.count, at: .after(.seconds(9))) == expected)
        }
        #expect(AddressLedger.maxSurplus == 16)
        #expect(ledger.count == 2)
    }

    @Test("A place is free when its socket is gone: a welcome one for a welcome one, a surplus one for a surplus one, a dropped one had none")
    func left() {
        var ledger = AddressLedger(maxHeld: 2, rate: nil)
        let now = MonotonicTime.after(.seconds(1))
        #expect(enter(&ledger, one, 20, at: now) == verdicts(2, 16, 2))
        ledger.left(one, .drop, at: now)
        ledger.left(one, .drop, at: now)
        #expect(ledger.entered(one, at: now) == .drop)
        ledger.left(one, .surplus, at: now)
        #expect(enter(&ledger, one, 2, at: now) == [.surplus, .drop])
        ledger.left(one, .welcome, at: now)
        #expect(enter(&ledger, one, 2, at: now) == [.welcome, .drop])
        for _ in 0..<16 { ledger.left(one, .surplus, at: now) }
        ledger.left(one, .welcome, at: now)
        ledger.left(one, .welcome, at: now)
        #expect(enter(&ledger, one, 20, at: now) == verdicts(2, 16, 2))
    }

    @Test("Without a limit everybody is welcome, and nobody is remembered who is gone")
    func unlimited() {
        var ledger = AddressLedger(maxHeld: nil, rate: nil)
        #expect(enter(&ledger, one, 1000, at: .after(.zero)) == verdicts(1000, 0, 0))
        for _ in 0..<1000 { ledger.left(one, .welcome, at: .after(.zero)) }
        #expect(ledger.count == 0)
    }

    // MARK: The rate

    @Test("A burst is let through, then one for each share of the period")
    func shares() {
        var ledger = AddressLedger(maxHeld: nil, rate: Self.rate(3, .seconds(3)))
        let start = MonotonicTime.after(.seconds(100))
        #expect(enter(&ledger, one, 4, at: start) == verdicts(3, 1, 0))
        #expect(ledger.entered(one, at: start + .milliseconds(999)) == .surplus)
        #expect(enter(&ledger, one, 2, at: start + .seconds(1)) == [.welcome, .surplus])
        // Half a share is kept.
        #expect(enter(&ledger, one, 2, at: start + .milliseconds(2500)) == [.welcome, .surplus])
        #expect(enter(&ledger, one, 2, at: start + .seconds(3)) == [.welcome, .surplus])
    }

    @Test("Two shares of quiet are two connects, and more quiet than the period is no more than a burst", arguments: [0, 1, 2, 3, 4, 100])
    func recovery(_ seconds: Int) {
        var ledger = AddressLedger(maxHeld: nil, rate: Self.rate(3, .seconds(3)))
        let start = MonotonicTime.after(.zero)
        #expect(enter(&ledger, one, 3, at: start) == verdicts(3, 0, 0))
        #expect(enter(&ledger, one, 5, at: start + .seconds(seconds)) == verdicts(min(3, seconds), 5 - min(3, seconds), 0))
    }

    @Test(
        "A period that its connects do not divide lets exactly that many through",
        arguments: [(1, 1), (7, 1), (30, 60), (31, 60), (999, 10), (1000, 1)])
    func burst(_ connects: Int, _ seconds: Int) {
        var ledger = AddressLedger(maxHeld: nil, rate: Self.rate(connects, .seconds(seconds)))
        #expect(enter(&ledger, one, connects + 1, at: .after(.seconds(5))) == verdicts(connects, 1, 0))
        let share = Duration.seconds(seconds) / connects + .nanoseconds(1)
        #expect(enter(&ledger, one, 2, at: .after(.seconds(5)) + share) == [.welcome, .surplus])
    }

    @Test("Going away gives nothing of the rate back")
    func leavingIsNoRefund() {
        var ledger = AddressLedger(maxHeld: nil, rate: Self.rate(2, .seconds(2)))
        for expected in [AddressLedger.Verdict.welcome, .welcome, .surplus, .surplus] {
            let verdict = ledger.entered(one, at: .after(.zero))
            #expect(verdict == expected)
            ledger.left(one, verdict, at: .after(.zero))
        }
    }

    @Test("Whoever is turned away, for whichever limit, uses up nothing of the rate")
    func refusalsAreFree() {
        var ledger = AddressLedger(maxHeld: 1, rate: Self.rate(2, .seconds(3600)))
        let now = MonotonicTime.after(.zero)
        #expect(enter(&ledger, one, 20, at: now) == verdicts(1, 16, 3))
        ledger.left(one, .welcome, at: now)
        #expect(ledger.entered(one, at: now) == .welcome, "the second of two")
        for _ in 0..<16 { ledger.left(one, .surplus, at: now) }
        ledger.left(one, .welcome, at: now)
        #expect(enter(&ledger, one, 18, at: now) == verdicts(0, 16, 2), "the third, although none is held")
        // Half an hour later one share has come back, for all the refusals in between.
        #expect(ledger.entered(one, at: now + .seconds(1800)) == .welcome)
    }

    // MARK: Forgetting

    @Test("An address without a rate is forgotten when its last socket is gone, also one that was told no")
    func forgets() {
        var ledger = AddressLedger(maxHeld: 1, rate: nil)
        let now = MonotonicTime.after(.zero)
        _ = enter(&ledger, one, 2, at: now)
        #expect(ledger.count == 1)
        ledger.left(one, .welcome, at: now)
        #expect(ledger.count == 1)
        ledger.left(one, .surplus, at: now)
        #expect(ledger.count == 0)
    }

    @Test("With a rate an address is remembered until it has used up nothing")
    func forgetsRate() {
        var ledger = AddressLedger(maxHeld: nil, rate: Self.rate(2, .seconds(2)))
        #expect(ledger.entered(one, at: .after(.zero)) == .welcome)
        ledger.left(one, .welcome, at: .after(.milliseconds(999)))
        #expect(ledger.count == 1)
        #expect(ledger.entered(one, at: .after(.milliseconds(999))) == .welcome)
        ledger.left(one, .welcome, at: .after(.seconds(2)))
        #expect(ledger.count == 0)
    }

    @Test("A socket whose address is not known any more changes nothing")
    func unknown() {
        var ledger = AddressLedger(maxHeld: 1, rate: nil)
        for verdict in [AddressLedger.Verdict.welcome, .surplus, .drop] { ledger.left(one, verdict, at: .after(.zero)) }
        #expect(ledger.count == 0)
        #expect(enter(&ledger, one, 2, at: .after(.zero)) == [.welcome, .surplus])
    }

    @Test("As the table grows, those who need not be known any more are dropped from it, and nobody else")
    func sweeps() {
        var ledger = AddressLedger(maxHeld: 1, rate: Self.rate(1, .seconds(1)))
        // The first 10 stay, the others leave before their second is over.
        for number in 0..<1024 {
            #expect(ledger.entered(Self.network(number), at: .after(.zero)) == .welcome)
            if number >= 10 { ledger.left(Self.network(number), .welcome, at: .after(.zero)) }
        }
        #expect(ledger.count == 1024)
        #expect(ledger.entered(Self.network(5000), at: .after(.seconds(1))) == .welcome)
        #expect(ledger.count == 11)
        for number in 0..<10 { #expect(ledger.entered(Self.network(number), at: .after(.seconds(2))) == .surplus, "it is still held") }
    }
}
