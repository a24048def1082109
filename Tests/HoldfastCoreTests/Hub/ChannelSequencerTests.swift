// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// What a channel knows × what comes:
///
///     comes \ known     | nothing     | last id = 1, nothing waits | last id = 1, "3" waits for "2"
///     no id, no prev    | out, unknown| out, unknown               | out, unknown; "3" waits on
///     id 2              | out, 2      | out, 2                     | out with "3" behind it, 3
///     id 2, prev 1      | out, 2      | out, 2                     | out with "3" behind it, 3
///     id 4, prev 3      | out, 4      | waits, 1                   | waits, 1
///     no id, prev 1     | out, unknown| out, unknown               | out, unknown; "3" waits on
///     unordered, id 2   | out, unknown| out, 1                     | out, 1; "3" waits on
///     forget            | unknown     | unknown                    | unknown; "3" waits on
///     due               | none        | none                       | "3" goes out, 3
struct ChannelSequencerTests {
    private let room = ChannelName.sample("room")
    private let hall = ChannelName.sample("hall")

    /// A publication that is told by its text.
    private func item(
        _ text: String, id: String? = nil, after previous: String? = nil, unordered: Bool = false, in channel: ChannelName? = nil
    ) -> Publication {
        let details = previous == nil && !unordered ? nil : PublicationDetails(previousID: previous, isUnordered: unordered)
        return Publication(channel: channel ?? room, payload: .sample(text), id: id, details: details)
    }

    private func texts(_ publications: [Publication]) -> String {
        publications.map { String(buffer: $0.payload.bytes) }.joined(separator: " ")
    }

    private func texts(_ outcome: ChannelSequencer.Outcome) -> String {
        switch outcome {
        case .pass(let publications): publications.isEmpty ? "passes nothing" : texts(publications)
        case .waiting: "waiting"
        }
    }

    /// What stands in a column of the grid.
    private enum Known: CaseIterable { case nothing, last, gap }

    private func sequencer(_ known: Known) -> ChannelSequencer {
        var sequencer = ChannelSequencer()
        if known != .nothing { #expect(texts(sequencer.take(item("1", id: "1"), at: .after(.zero))) == "1") }
        if known == .gap { #expect(sequencer.take(item("3", id: "3", after: "2"), at: .after(.zero)) == .waiting) }
        return sequencer
    }

    @Test("Every kind of publication in every state")
    func grid() {
        let rows: [(item: Publication, outcomes: [(out: String, last: String?, waiting: Int)])] = [
            (item("x"), [("x", nil, 0), ("x", nil, 0), ("x", nil, 1)]),
            (item("2", id: "2"), [("2", "2", 0), ("2", "2", 0), ("2 3", "3", 0)]),
            (item("2", id: "2", after: "1"), [("2", "2", 0), ("2", "2", 0), ("2 3", "3", 0)]),
            (item("4", id: "4", after: "3"), [("4", "4", 0), ("waiting", "1", 1), ("waiting", "1", 2)]),
            (item("x", after: "1"), [("x", nil, 0), ("x", nil, 0), ("x", nil, 1)]),
            (item("x", after: "9"), [("x", nil, 0), ("waiting", "1", 1), ("waiting", "1", 2)]),
            (item("2", id: "2", unordered: true), [("2", nil, 0), ("2", "1", 0), ("2", "1", 1)]),
            (item("2", id: "2", after: "9", unordered: true), [("2", nil, 0), ("2", "1", 0), ("2", "1", 1)]),
        ]
        for row in rows {
            for (known, expected) in zip(Known.allCases, row.outcomes) {
                var sequencer = sequencer(known)
                #expect(texts(sequencer.take(row.item, at: .after(.seconds(1)))) == expected.out, "\(row.item) where \(known)")
                #expect(sequencer.lastID(of: room) == expected.last, "\(row.item) where \(known)")
                #expect(sequencer.waitingCount == expected.waiting, "\(row.item) where \(known)")
            }
        }
        for (known, due) in zip(Known.allCases, ["", "", "3"]) {
            var sequencer = sequencer(known)
            sequencer.forget(room)
            #expect(sequencer.lastID(of: room) == nil)
            #expect(sequencer.waitingCount == (known == .gap ? 1 : 0))
            #expect(texts(sequencer.due(at: .after(.seconds(5)))) == due)
            #expect(sequencer.waitingCount == 0)
            #expect(sequencer.waitingBytes == 0)
        }
    }

    @Test("Those that waited follow in their order, however they came")
    func chain() {
        var sequencer = sequencer(.last)
        for number in [5, 3, 6, 4] {
            #expect(sequencer.take(item("\(number)", id: "\(number)", after: "\(number - 1)"), at: .after(.zero)) == .waiting)
        }
        #expect(texts(sequencer.take(item("2", id: "2", after: "1"), at: .after(.zero))) == "2 3 4 5 6")
        #expect(sequencer.lastID(of: room) == "6")
        #expect(sequencer.waitingCount == 0)
        #expect(sequencer.waitingBytes == 0)
        #expect(sequencer.due(at: .after(.seconds(60))).isEmpty)
    }

    @Test("A chain ends at one without an id")
    func chainEnd() {
        var sequencer = sequencer(.last)
        #expect(sequencer.take(item("x", after: "2"), at: .after(.zero)) == .waiting)
        #expect(texts(sequencer.take(item("2", id: "2", after: "1"), at: .after(.zero))) == "2 x")
        #expect(sequencer.lastID(of: room) == nil)
        #expect(texts(sequencer.take(item("9", id: "9", after: "8"), at: .after(.zero))) == "9", "what is not known is trusted")
    }

    @Test("After its time one goes out, with its followers, and not before")
    func due() {
        var sequencer = sequencer(.last)
        #expect(sequencer.take(item("4", id: "4", after: "3"), at: .after(.seconds(1))) == .waiting)
        #expect(sequencer.take(item("3", id: "3", after: "2"), at: .after(.seconds(3))) == .waiting)
        #expect(sequencer.take(item("5", id: "5", after: "4"), at: .after(.seconds(3))) == .waiting)
        #expect(sequencer.due(at: .after(.milliseconds(5999))).isEmpty)
        #expect(texts(sequencer.due(at: .after(.seconds(6)))) == "4 5", "3 came later and still waits for 2")
        #expect(sequencer.lastID(of: room) == "5")
        #expect(texts(sequencer.take(item("6", id: "6", after: "5"), at: .after(.seconds(7)))) == "6")
        #expect(texts(sequencer.due(at: .after(.seconds(8)))) == "3")
        #expect(sequencer.lastID(of: room) == "3")
        #expect(sequencer.waitingCount == 0)
    }

    @Test("Several that are due go out in the order in which they came, over all channels")
    func dueOrder() {
        var sequencer = ChannelSequencer(wait: .milliseconds(100))
        for channel in [room, hall] { _ = sequencer.take(item("1", id: "1", in: channel), at: .after(.zero)) }
        #expect(sequencer.take(item("r9", id: "9", after: "8"), at: .after(.milliseconds(10))) == .waiting)
        #expect(sequencer.take(item("h9", id: "9", after: "8", in: hall), at: .after(.milliseconds(10))) == .waiting)
        #expect(sequencer.take(item("r5", id: "5", after: "4"), at: .after(.milliseconds(20))) == .waiting)
        #expect(texts(sequencer.due(at: .after(.milliseconds(110)))) == "r9 h9")
        #expect(texts(sequencer.due(at: .after(.seconds(1)))) == "r5")
    }

    @Test("Of two that name the same one before them, the second waits for its time")
    func rivals() {
        var sequencer = sequencer(.last)
        #expect(sequencer.take(item("3a", id: "3a", after: "2"), at: .after(.zero)) == .waiting)
        #expect(sequencer.take(item("3b", id: "3b", after: "2"), at: .after(.zero)) == .waiting)
        #expect(texts(sequencer.take(item("2", id: "2", after: "1"), at: .after(.zero))) == "2 3a")
        #expect(texts(sequencer.due(at: .after(.seconds(5)))) == "3b")
    }

    @Test("One that names itself ends all the same")
    func circle() {
        var sequencer = sequencer(.last)
        #expect(sequencer.take(item("x", id: "x", after: "x"), at: .after(.zero)) == .waiting)
        #expect(sequencer.take(item("y", id: "x", after: "x"), at: .after(.zero)) == .waiting)
        #expect(texts(sequencer.due(at: .after(.seconds(5)))) == "x y")
    }

    @Test("Channels do not wait for each other")
    func channels() {
        var sequencer = sequencer(.gap)
        #expect(texts(sequencer.take(item("h", id: "2", after: "7", in: hall), at: .after(.zero))) == "h")
        #expect(sequencer.lastID(of: hall) == "2")
        #expect(sequencer.lastID(of: room) == "1")
        #expect(sequencer.waitingCount == 1)
    }

    @Test("Ids are told apart by their bytes")
    func spellings() {
        var sequencer = ChannelSequencer()
        #expect(texts(sequencer.take(item("1", id: "\u{E9}"), at: .after(.zero))) == "1")
        #expect(sequencer.take(item("2", id: "2", after: "e\u{301}"), at: .after(.zero)) == .waiting)
        #expect(texts(sequencer.take(item("3", id: "3", after: "\u{E9}"), at: .after(.zero))) == "3")
        #expect(texts(sequencer.take(item("4", id: "e\u{301}", after: "3"), at: .after(.zero))) == "4 2")
    }

    // MARK: Limits

    @Test("Where too many wait in a channel, the one that has waited longest goes out early, with its followers")
    func perChannel() {
        var limits = ChannelSequencer.Limits()
        limits.waitingPerChannel = 3
        var sequencer = ChannelSequencer(limits: limits)
        for channel in [room, hall] { _ = sequencer.take(item("1", id: "1", in: channel), at: .after(.zero)) }
        #expect(sequencer.take(item("h", id: "9", after: "8", in: hall), at: .after(.zero)) == .waiting)
        for text in ["a", "b", "c"] { #expect(sequencer.take(item(text, id: text, after: "no \(text)"), at: .after(.zero)) == .waiting) }
        #expect(texts(sequencer.take(item("d", id: "d", after: "no d"), at: .after(.zero))) == "a")
        #expect(sequencer.waitingCount == 4, "the other channel is left alone")
        #expect(texts(sequencer.take(item("e", id: "e", after: "b"), at: .after(.zero))) == "b e", "the new one may be such a follower")
        #expect(sequencer.lastID(of: room) == "e")
        #expect(texts(sequencer.due(at: .after(.seconds(5)))) == "h c d")
        #expect(ChannelSequencer.Limits().waitingPerChannel == 100)
    }

    @Test("Where too much waits over all channels, the one that has waited longest goes out early")
    func bytes() {
        var limits = ChannelSequencer.Limits()
        limits.waitingBytes = 10_000
        var sequencer = ChannelSequencer(limits: limits)
        for channel in [room, hall] { _ = sequencer.take(item("1", id: "1", in: channel), at: .after(.zero)) }
        func large(_ letter: String, in channel: ChannelName, count: Int = 4000) -> Publication {
            item(String(repeating: letter, count: count), id: letter, after: "no", in: channel)
        }
        #expect(sequencer.take(large("a", in: room), at: .after(.zero)) == .waiting)
        #expect(sequencer.take(large("b", in: hall), at: .after(.zero)) == .waiting)
        #expect(sequencer.take(large("c", in: hall), at: .after(.zero)) == .pass([large("a", in: room)]))
        #expect(sequencer.waitingBytes <= 10_000)
        let giant = large("d", in: room, count: 20_000)
        #expect(sequencer.take(giant, at: .after(.zero)) == .pass([large("b", in: hall), large("c", in: hall), giant]))
        #expect(sequencer.waitingCount == 0)
        #expect(sequencer.waitingBytes == 0)
        #expect(ChannelSequencer.Limits().waitingBytes == 64 << 20)
    }

    @Test("All that a publication holds has its weight")
    func weights() {
        let large = ByteBuffer(repeating: 0x20, count: 5000)
        let text = String(buffer: large)
        let field = OpeningRequest.Field(name: "x", value: text)
        let heavy: [PublicationDetails] = [
            PublicationDetails(webSocket: .ping(large), previousID: "0"), PublicationDetails(webSocket: .pong(large), previousID: "0"),
            PublicationDetails(webSocket: .close(.normal, reason: text), previousID: "0"),
            PublicationDetails(webSocketFilters: [text], previousID: "0"), PublicationDetails(meta: ["a": text], previousID: "0"),
            PublicationDetails(meta: [text: "a"], previousID: "0"), PublicationDetails(previousID: text),
            PublicationDetails(stream: HeldStreamContent(action: .send(large)), previousID: "0"),
            PublicationDetails(stream: HeldStreamContent(action: .hint, filters: [text]), previousID: "0"),
            PublicationDetails(response: HeldResponseContent(body: .bytes(large)), previousID: "0"),
            PublicationDetails(response: HeldResponseContent(headers: [field], body: .bytes(ByteBuffer())), previousID: "0"),
            PublicationDetails(response: HeldResponseContent(reason: text, body: .bytes(ByteBuffer())), previousID: "0"),
            PublicationDetails(response: HeldResponseContent(body: .bytes(ByteBuffer()), filters: [text]), previousID: "0"),
        ]
        for details in heavy {
            var sequencer = sequencer(.last)
            #expect(sequencer.take(Publication(channel: room, payload: .sample(""), details: details), at: .after(.zero)) == .waiting)
            #expect((5000...7000).contains(sequencer.waitingBytes), "\(sequencer.waitingBytes)")
        }
        for publication in [item(text, after: "0"), item("", id: text, after: "0")] {
            var sequencer = sequencer(.last)
            #expect(sequencer.take(publication, at: .after(.zero)) == .waiting)
            #expect((5000...7000).contains(sequencer.waitingBytes))
        }
    }

    @Test("Of too many channels the last ids that were set longest ago are forgotten")
    func known() {
        var limits = ChannelSequencer.Limits()
        limits.knownChannels = 10
        var sequencer = ChannelSequencer(limits: limits)
        func name(_ number: Int) -> ChannelName { .sample("c\(number)") }
        for number in 0..<1000 {
            _ = sequencer.take(item("x", id: "1", in: name(number)), at: .after(.zero))
            for back in 0..<min(5, number + 1) { #expect(sequencer.lastID(of: name(number - back)) == "1", "half of them are always known") }
            #expect((0...number).filter { sequencer.lastID(of: name($0)) != nil }.count <= 10)
        }
        _ = sequencer.take(item("x", id: "2", in: name(999)), at: .after(.zero))
        #expect(sequencer.lastID(of: name(999)) == "2")
        sequencer.forget(name(999))
        #expect(sequencer.lastID(of: name(999)) == nil)
        #expect(ChannelSequencer.Limits().knownChannels == 200_000)
    }

    @Test("What came long ago and is gone takes no room behind one that still waits")
    func arrivals() {
        var sequencer = sequencer(.last)
        #expect(sequencer.take(item("never", id: "n", after: "no", in: room), at: .after(.zero)) == .waiting)
        _ = sequencer.take(item("0", id: "0", in: hall), at: .after(.zero))
        for number in 1...2000 {
            #expect(sequencer.take(item("b", id: "b\(number)", after: "a\(number)", in: hall), at: .after(.seconds(1))) == .waiting)
            #expect(texts(sequencer.take(item("a", id: "a\(number)", in: hall), at: .after(.seconds(1)))) == "a b")
        }
        #expect(sequencer.waitingCount == 1)
        #expect(texts(sequencer.due(at: .after(.seconds(5)))) == "never")
    }
}
