// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What an app wants done with requests that are held: its instructions, in headers or as JSON, and the life of a request that follows them.
///
/// Never a crash. Never an instruction that breaks a limit, nor a header for clients that is the gateway's own. Never orders that contradict each
/// other: a response that begins twice, or goes on behind its end, or a channel that nobody leaves.
enum Holds {
    static let target = FuzzTarget(name: "Holds", maxLength: 1024) { input in
        var input = input
        let prefix = input.choice(["", "p-"])
        let bodyFollows = input.bool()
        let events = Array(input.take(Int(input.byte()) % 16))
        guard let response = Answers.response(&input) else { return }
        var headers: [OpeningRequest.Field] = []
        response.head.forEach { headers.append(OpeningRequest.Field(name: $0, value: $1)) }
        do throws(HoldInstructionError) {
            let instruction = try HoldInstruction.read(
                status: response.head.status, reason: nil, headers: headers, body: response.body, channelPrefix: prefix, maxChannels: maxChannels)
            claim((instruction != nil) == HoldInstruction.isInstructed(headers), "\(headers): \(String(describing: instruction))")
            guard let instruction else { return }
            check(instruction, prefix)
            if !HoldInstruction.isDocument(headers) { try checkHead(instruction, response, headers, prefix) }
            play(instruction, bodyFollows: bodyFollows && !instruction.needsWholeBody, events)
        } catch {
            claim(!error.description.isEmpty, "an error that says nothing")
        }
    }

    private static let maxChannels = 3

    // MARK: Instructions

    private static func check(_ instruction: HoldInstruction, _ prefix: String) {
        claim(instruction.channels.count <= maxChannels, "\(instruction)")
        claim(Set(instruction.channels.map(\.channel)).count == instruction.channels.count, "a channel twice: \(instruction)")
        for channel in instruction.channels {
            claim(channel.channel.description.utf8.elementsEqual((prefix + channel.name.description).utf8), "\(channel)")
            claim(channel.filters.count <= GripFilter.maxPerSubscription, "\(channel)")
            claim(channel.previousID.map(PublicationID.isValid) ?? true, "\(channel)")
            claim(channel.previousID == nil || instruction.mode != .stream || instruction.nextLink != nil, "\(instruction)")
        }
        claim(instruction.timeout >= .seconds(HoldInstruction.leastTimeout), "\(instruction)")
        claim(instruction.meta.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } <= HoldInstruction.maxMetaBytes, "\(instruction)")
        if let keepAlive = instruction.keepAlive {
            claim(keepAlive.content.readableBytes > 0 && keepAlive.timeout >= .seconds(1), "\(keepAlive)")
        }
        if let link = instruction.nextLink { claim(HoldURI.isReference(link.uri) && link.timeout >= .seconds(1), "\(link)") }
        if let link = instruction.goneLink { claim(HoldURI.isReference(link), link) }
        check(instruction.response)
    }

    private static func check(_ response: HeldResponse) {
        let own = ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]
        claim(HeldResponse.statuses.contains(response.status) && isLine(response.reason ?? ""), "\(response)")
        for header in response.headers {
            claim(HoldfastWire.Handshake.isToken(header.name) && isLine(header.value), "\(header)")
            claim(!own.contains(header.name) && !header.name.hasPrefix("grip-"), "\(header)")
        }
    }

    /// The head says the same without the body, where the body is not needed.
    private static func checkHead(
        _ instruction: HoldInstruction, _ response: HTTPResponseMessage, _ headers: [OpeningRequest.Field], _ prefix: String
    ) throws(HoldInstructionError) {
        guard
            var head = try HoldInstruction.read(
                status: response.head.status, reason: nil, headers: headers, body: ByteBuffer(), channelPrefix: prefix, maxChannels: maxChannels)
        else { return claim(false, "no instruction without a body") }
        head.response.body = instruction.response.body
        claim(head == instruction, "\(head), with the body \(instruction)")
    }

    // MARK: A request that follows them

    private static func play(_ instruction: HoldInstruction, bodyFollows: Bool, _ events: [UInt8]) {
        guard let uri = HoldURI(isTLS: false, authority: "example.com", target: "/chat?a=1"), let channel = ChannelName("room") else {
            fatalError("the samples are wrong")
        }
        var machine = HoldMachine(uri: uri, implicitChannels: [channel], jitter: 0.5, maxContentBytes: 1000)
        var ledger = Ledger()
        var now = MonotonicTime(nanoseconds: 0)
        let lastID: (ChannelName) -> String? = { $0 == channel ? nil : "9" }
        ledger.take(machine.begin(instruction, bodyFollows: bodyFollows, at: now, lastID: lastID))
        for event in events {
            now = now + .seconds(1)
            let target = instruction.channels.first?.channel ?? channel
            let bytes = ByteBuffer(string: "%(x)s")
            switch event % 12 {
            case 0: ledger.take(machine.begin(instruction, bodyFollows: false, at: now, lastID: lastID))
            case 1:
                ledger.take(machine.passedOn())
                // What the client gets then is not the machine's business.
                ledger.isOver = machine.isOver
            case 2, 3: ledger.take(machine.published(publication(target, bytes, event), at: now))
            case 4: ledger.take(machine.deadlinePassed(at: machine.deadline ?? now))
            case 5: ledger.take(machine.linkAnswered(status: 200, instruction, bodyFollows: event > 99, at: now, jitter: 0.5))
            case 6: ledger.take(machine.linkAnswered(status: 200, nil, bodyFollows: event > 99, at: now, jitter: 0.5))
            case 7: ledger.take(machine.bodyReceived(bytes, at: now))
            case 8: ledger.take(machine.bodyEnded(at: now))
            case 9: ledger.take(machine.fetchFailed("refused", at: now, jitter: 0.5))
            case 10: ledger.take(machine.writabilityChanged(event > 99, at: now))
            default: ledger.take(event > 200 ? machine.shutdown() : [])
            }
            claim(machine.isOver == ledger.isOver, "\(machine.state)")
        }
        ledger.take(machine.clientGone())
        claim(machine.isOver && ledger.channels.isEmpty, "left behind: \(ledger.channels)")
        claim(machine.clientGone().isEmpty, "orders behind the end")
    }

    private static func publication(_ channel: ChannelName, _ bytes: ByteBuffer, _ event: UInt8) -> Publication {
        let action: HeldStreamContent.Action = event > 220 ? .close : event > 180 ? .hint : .send(bytes)
        return Publication(
            channel: channel, payload: .binary(bytes), id: String(event % 4),
            details: PublicationDetails(
                webSocket: .none, response: HeldResponseContent(action: event > 180 ? .hint : .send, body: .bytes(bytes)),
                stream: HeldStreamContent(action: action), previousID: event > 60 ? String(event % 3) : nil))
    }

    /// What the orders have come to.
    private struct Ledger {
        var channels: Set<ChannelName> = []
        var isOver = false
        private var hasBegun = false

        mutating func take(_ orders: [HoldOrder]) {
            for (place, order) in orders.enumerated() {
                claim(!isOver, "behind the end: \(orders)")
                switch order {
                case .subscribe(let channel): claim(channels.insert(channel).inserted, "\(orders)")
                case .unsubscribe(let channel): claim(channels.remove(channel) != nil, "\(orders)")
                case .respond(let response):
                    claim(!hasBegun && place == orders.count - 1, "\(orders)")
                    Holds.check(response)
                    isOver = true
                case .begin(let response):
                    claim(!hasBegun && response.body.readableBytes == 0, "\(orders)")
                    Holds.check(response)
                    hasBegun = true
                case .write(let bytes): claim(hasBegun && bytes.readableBytes > 0, "\(orders)")
                case .end, .breakOff:
                    claim(hasBegun && place == orders.count - 1, "\(orders)")
                    isOver = true
                case .requestAgain: claim(!hasBegun, "\(orders)")
                case .fetch: claim(hasBegun, "\(orders)")
                case .forget, .cancel, .postGone, .report: break
                }
            }
        }
    }
}
