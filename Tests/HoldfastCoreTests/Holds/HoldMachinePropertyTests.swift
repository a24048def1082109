// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

/// Random lives of held requests.
struct HoldMachinePropertyTests {
    /// What the orders have come to.
    private struct Ledger {
        var channels: Set<ChannelName> = []
        var isOver = false
        var hasBegun = false
        /// What was ordered of the app and has not come.
        var isAsking = false
        var gone = 0
        var written: [String] = []

        mutating func take(_ orders: [HoldOrder]) {
            for (place, order) in orders.enumerated() {
                #expect(!isOver, "behind the end: \(orders.outline)")
                switch order {
                case .subscribe(let channel): #expect(channels.insert(channel).inserted)
                case .unsubscribe(let channel): #expect(channels.remove(channel) != nil)
                case .respond:
                    #expect(!hasBegun && place == orders.count - 1)
                    isOver = true
                case .begin(let response):
                    #expect(!hasBegun && response.body.readableBytes == 0)
                    hasBegun = true
                case .write(let bytes):
                    #expect(hasBegun && bytes.readableBytes > 0)
                    written.append(String(buffer: bytes))
                case .end, .breakOff:
                    #expect(hasBegun && place == orders.count - 1)
                    isOver = true
                case .requestAgain:
                    #expect(!hasBegun && !isAsking)
                    isAsking = true
                case .fetch:
                    #expect(hasBegun && !isAsking)
                    isAsking = true
                case .cancel: isAsking = false
                case .postGone: gone += 1
                case .forget, .report: break
                }
            }
        }
    }

    private static func instruction(_ random: inout QuickRandom) -> HoldInstruction {
        let names = ["a", "b", "c"].filter { _ in random.oneIn(2) }
        let channels = names.map { HoldInstruction.Channel.sample($0, prev: random.oneIn(2) ? String(Int.random(in: 0...3, using: &random)) : nil) }
        let next = random.oneIn(2) ? "/n" : nil
        switch Int.random(in: 0...2, using: &random) {
        case 0: return .response(channels, gone: random.oneIn(2) ? "/g" : nil)
        case 1:
            return .stream(
                channels, keepAlive: random.oneIn(2) ? .init(content: ByteBuffer(string: "."), timeout: .seconds(2)) : nil, next: next,
                after: .seconds(3), gone: random.oneIn(2) ? "/g" : nil, body: random.oneIn(2) ? "first" : "")
        default: return .passing(next: next, body: random.oneIn(2) ? "first" : "")
        }
    }

    private static func publication(_ random: inout QuickRandom) -> Publication {
        let action: HeldStreamContent.Action =
            random.oneIn(6) ? .close : random.oneIn(4) ? .hint : .send(ByteBuffer(string: random.oneIn(4) ? "" : "x"))
        let id = Int.random(in: 0...3, using: &random)
        return Publication(
            channel: .sample(["a", "b", "c", "all"][Int.random(in: 0...3, using: &random)]), payload: .sample(""),
            id: random.oneIn(6) ? nil : String(id + 1),
            details: PublicationDetails(
                webSocket: .none,
                response: random.oneIn(3) ? nil : HeldResponseContent(action: random.oneIn(2) ? .hint : .send, body: .bytes(ByteBuffer(string: "x"))),
                stream: random.oneIn(6) ? nil : HeldStreamContent(action: action), previousID: random.oneIn(6) ? nil : String(id)))
    }

    @Test("Whatever happens, orders do not contradict each other, and nothing is left behind", arguments: 1...8 as ClosedRange<UInt64>)
    func lives(_ seed: UInt64) {
        var random = QuickRandom(seed: seed)
        for _ in 0..<300 {
            var machine = HoldMachine.sample(implicit: random.oneIn(2) ? ["all"] : [], debug: random.oneIn(2), jitter: 0.5)
            var ledger = Ledger()
            var now = MonotonicTime.at(0)
            for _ in 0..<40 {
                now = now + .milliseconds(Int.random(in: 0...1500, using: &random))
                let wasAsking = ledger.isAsking
                let orders: [HoldOrder]
                switch Int.random(in: 0...15, using: &random) {
                case 0, 1:
                    let instruction = Self.instruction(&random)
                    let isTaken = machine.state == .new || machine.state == .asking
                    if isTaken { ledger.isAsking = false }
                    orders = machine.begin(instruction, bodyFollows: !instruction.needsWholeBody && random.oneIn(2), at: now) { _ in
                        random.oneIn(2) ? "2" : nil
                    }
                case 2...6: orders = machine.published(Self.publication(&random), at: now)
                case 7: orders = machine.deadlinePassed(at: machine.deadline ?? now)
                case 8: orders = machine.deadlinePassed(at: now)
                case 9, 10:
                    let instruction = Self.instruction(&random)
                    let bodyFollows = random.oneIn(2)
                    if machine.state == .fetching { ledger.isAsking = bodyFollows }
                    orders = machine.linkAnswered(
                        status: random.oneIn(6) ? 500 : 200, random.oneIn(3) ? nil : instruction, bodyFollows: bodyFollows, at: now, jitter: 0.5)
                case 11: orders = machine.bodyReceived(ByteBuffer(string: "y"), at: now)
                case 12:
                    if machine.state == .receiving { ledger.isAsking = false }
                    orders = machine.bodyEnded(at: now)
                case 13:
                    if wasAsking || machine.state == .receiving { ledger.isAsking = false }
                    orders = machine.fetchFailed("refused", at: now, jitter: 0.5)
                case 14: orders = machine.writabilityChanged(random.oneIn(2), at: now)
                case 15 where random.oneIn(4):
                    ledger.take(machine.passedOn())
                    ledger.isOver = machine.isOver
                    orders = []
                default: orders = random.oneIn(10) ? machine.shutdown() : []
                }
                ledger.take(orders)
                #expect(machine.isOver == ledger.isOver)
                if machine.isOver { #expect(machine.deadline == nil && ledger.channels.isEmpty) }
            }
            ledger.take(machine.clientGone())
            #expect(machine.isOver && ledger.channels.isEmpty && ledger.gone <= 1)
        }
    }
}
