// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

// The grid: what each event orders in each state, and the state that follows; "·" for no order and the same state. All holds are of channel a after
// id 1, with a link to post to when the client is gone; streams have keep-alives and a next link. "answering", "streaming": something was published
// that follows; "gap": something that does not. "early" and "late": a deadline. "lastTry": the next link was tried five times in vain.
//
// |           | beginResponse    | beginStream                      | passedOn        | answering                     |
// |-----------|------------------|----------------------------------|-----------------|-------------------------------|
// | new       | +b → waiting     | +b, begin, first → streaming     | ·               | ·                             |
// | waiting   | ·                | ·                                | ·               | -a, gone, respond news → over |
// | asking    | -a, +b → waiting | -a, +b, begin, first → streaming | -a, gone → over | ·                             |
// | firstBody | ·                | ·                                | ·               | ·                             |
// | linkBody  | ·                | ·                                | ·               | ·                             |
// | streaming | ·                | ·                                | ·               | ·                             |
// | fetching  | ·                | ·                                | ·               | ·                             |
// | lastTry   | ·                | ·                                | ·               | ·                             |
// | retrying  | ·                | ·                                | ·               | ·                             |
// | over      | ·                | ·                                | ·               | ·                             |
//
// |           | streaming        | gap                            | early | late                          |
// |-----------|------------------|--------------------------------|-------|-------------------------------|
// | new       | ·                | ·                              | ·     | ·                             |
// | waiting   | ·                | forget a, again a:1 → asking   | ·     | -a, gone, respond held → over |
// | asking    | ·                | ·                              | ·     | ·                             |
// | firstBody | ·                | ·                              | ·     | ·                             |
// | linkBody  | ·                | ·                              | ·     | . → receiving                 |
// | streaming | news → streaming | forget a, fetch a:1 → fetching | ·     | ., fetch a:1 → fetching       |
// | fetching  | ·                | ·                              | ·     | . → fetching                  |
// | lastTry   | ·                | ·                              | ·     | . → fetching                  |
// | retrying  | ·                | ·                              | ·     | ., fetch a:1 → fetching       |
// | over      | ·                | ·                              | ·     | ·                             |
//
// |           | linkStream               | linkPlain     | link500                              |
// |-----------|--------------------------|---------------|--------------------------------------|
// | new       | ·                        | ·             | ·                                    |
// | waiting   | ·                        | ·             | ·                                    |
// | asking    | ·                        | ·             | ·                                    |
// | firstBody | ·                        | ·             | ·                                    |
// | linkBody  | ·                        | ·             | ·                                    |
// | streaming | ·                        | ·             | ·                                    |
// | fetching  | -a, +b, more → streaming | – → receiving | cancel, report → retrying at 3.0     |
// | lastTry   | -a, +b, more → streaming | – → receiving | cancel, report, -a, gone, end → over |
// | retrying  | ·                        | ·             | ·                                    |
// | over      | ·                        | ·             | ·                                    |
//
// |           | body             | bodyEnded     | failed                                 | misunderstood                          |
// |-----------|------------------|---------------|----------------------------------------|----------------------------------------|
// | new       | ·                | ·             | ·                                      | ·                                      |
// | waiting   | ·                | ·             | ·                                      | ·                                      |
// | asking    | ·                | ·             | report, -a, gone, respond 502 … → over | report, -a, gone, respond 502 … → over |
// | firstBody | body → receiving | – → streaming | report, -a, gone, break off → over     | report, -a, gone, break off → over     |
// | linkBody  | body → receiving | – → streaming | report → retrying at 3.5               | report, -a, gone, end → over           |
// | streaming | ·                | ·             | ·                                      | ·                                      |
// | fetching  | ·                | ·             | report → retrying at 3.5               | report, -a, gone, end → over           |
// | lastTry   | ·                | ·             | report, -a, gone, end → over           | report, -a, gone, end → over           |
// | retrying  | ·                | ·             | ·                                      | ·                                      |
// | over      | ·                | ·             | ·                                      | ·                                      |
//
// |           | full | clientGone              | shutdown                              |
// |-----------|------|-------------------------|---------------------------------------|
// | new       | ·    | – → over                | ·                                     |
// | waiting   | ·    | -a, gone → over         | -a, gone, respond held → over         |
// | asking    | ·    | cancel, -a, gone → over | cancel, -a, gone, respond held → over |
// | firstBody | ·    | cancel, -a, gone → over | ·                                     |
// | linkBody  | ·    | cancel, -a, gone → over | ·                                     |
// | streaming | ·    | -a, gone → over         | -a, gone, end → over                  |
// | fetching  | ·    | cancel, -a, gone → over | cancel, -a, gone, end → over          |
// | lastTry   | ·    | cancel, -a, gone → over | cancel, -a, gone, end → over          |
// | retrying  | ·    | -a, gone → over         | -a, gone, end → over                  |
// | over      | ·    | ·                       | ·                                     |

struct HoldMachineGridTests {
    enum Place: CaseIterable {
        case new, waiting, asking, firstBody, linkBody, streaming, fetching, lastTry, retrying, over

        /// The request was made at second 0; the hold, if there is one, is of channel a after id 1, and in streams with /next as the next link.
        var machine: HoldMachine {
            var machine = HoldMachine.sample()
            let stream = HoldInstruction.stream(
                [.sample("a", prev: "1")], keepAlive: .init(content: ByteBuffer(string: "."), timeout: .seconds(20)), next: "/next", gone: "/gone")
            switch self {
            case .new: break
            case .waiting: machine.begin(.response([.sample("a", prev: "1")], gone: "/gone"))
            case .asking:
                machine = Place.waiting.machine
                machine.publish(.answering("a", HeldResponseContent(action: .hint, body: .bytes(ByteBuffer())), id: "1", prev: "1"))
            case .firstBody: machine.begin(stream, bodyFollows: true)
            case .linkBody:
                machine = Place.fetching.machine
                machine.answer(stream, bodyFollows: true)
            case .streaming: machine.begin(stream)
            case .fetching:
                machine = Place.streaming.machine
                machine.publish(.streaming("a", .hint, id: "1", prev: "1"))
            case .lastTry:
                machine = Place.fetching.machine
                for second in 1...HoldMachine.maxRetries {
                    _ = machine.fetchFailed("refused", at: .at(Double(second)), jitter: 0)
                    machine.pass(to: 1000)
                }
            case .retrying:
                machine = Place.fetching.machine
                _ = machine.fetchFailed("refused", at: .at(1), jitter: 0)
            case .over:
                machine = Place.waiting.machine
                _ = machine.clientGone()
            }
            return machine
        }
    }

    enum Happening: CaseIterable {
        case beginResponse, beginStream, passedOn, answering, streaming, gap, early, late, linkStream, linkPlain, link500, body, bodyEnded, failed,
            misunderstood, full, clientGone, shutdown

        func happen(to machine: inout HoldMachine) -> String {
            switch self {
            case .beginResponse: machine.begin(.response([.sample("b")]), at: 2)
            case .beginStream: machine.begin(.stream([.sample("b")], body: "first"), at: 2)
            case .passedOn: machine.passedOn().outline
            case .answering: machine.publish(.answering("a", "news", id: "2", prev: "1"), at: 2)
            case .streaming: machine.publish(.streaming("a", "news", id: "2", prev: "1"), at: 2)
            case .gap:
                machine.published(
                    Publication(
                        channel: .sample("a"), payload: .sample(""), id: "3",
                        details: PublicationDetails(
                            webSocket: .none, response: HeldResponseContent(body: .bytes(ByteBuffer(string: "later"))),
                            stream: HeldStreamContent(action: .send(ByteBuffer(string: "later"))), previousID: "2")), at: .at(2)
                ).outline
            case .early: machine.pass(to: 0.5)
            case .late: machine.pass(to: 5000)
            case .linkStream: machine.answer(.stream([.sample("b")], body: "more"), at: 2)
            case .linkPlain: machine.answer(nil, bodyFollows: true, at: 2)
            case .link500: machine.answer(nil, status: 500, bodyFollows: true, at: 2)
            case .body: machine.bodyReceived(ByteBuffer(string: "body"), at: .at(2)).outline
            case .bodyEnded: machine.bodyEnded(at: .at(2)).outline
            case .failed: machine.fetchFailed("refused", at: .at(2), jitter: 0.5).outline
            case .misunderstood: machine.misunderstood(HoldInstructionError("odd")).outline
            case .full: machine.writabilityChanged(false, at: .at(2)).outline
            case .clientGone: machine.clientGone().outline
            case .shutdown: machine.shutdown().outline
            }
        }
    }

    struct Row: CustomTestStringConvertible {
        let place: Place
        let happening: Happening
        let orders: String
        let next: String

        init(_ place: Place, _ happening: Happening, _ orders: String, _ next: String) {
            self.place = place
            self.happening = happening
            self.orders = orders
            self.next = next
        }

        var testDescription: String { "\(place) × \(happening)" }
    }

    private static let grid: [Row] = [
        Row(.new, .beginResponse, "+b", "waiting"),
        Row(.new, .beginStream, "+b, begin 200, write first", "streaming"),
        Row(.new, .passedOn, "–", "new"),
        Row(.new, .answering, "–", "new"),
        Row(.new, .streaming, "–", "new"),
        Row(.new, .gap, "–", "new"),
        Row(.new, .early, "–", "new"),
        Row(.new, .late, "–", "new"),
        Row(.new, .linkStream, "–", "new"),
        Row(.new, .linkPlain, "–", "new"),
        Row(.new, .link500, "–", "new"),
        Row(.new, .body, "–", "new"),
        Row(.new, .bodyEnded, "–", "new"),
        Row(.new, .failed, "–", "new"),
        Row(.new, .misunderstood, "–", "new"),
        Row(.new, .full, "–", "new"),
        Row(.new, .clientGone, "–", "over"),
        Row(.new, .shutdown, "–", "new"),

        Row(.waiting, .beginResponse, "–", "waiting"),
        Row(.waiting, .beginStream, "–", "waiting"),
        Row(.waiting, .passedOn, "–", "waiting"),
        Row(.waiting, .answering, "-a, gone /gone, respond 200 news", "over"),
        Row(.waiting, .streaming, "–", "waiting"),
        Row(.waiting, .gap, "forget a, again a:1", "asking"),
        Row(.waiting, .early, "–", "waiting"),
        Row(.waiting, .late, "-a, gone /gone, respond 200 held", "over"),
        Row(.waiting, .linkStream, "–", "waiting"),
        Row(.waiting, .linkPlain, "–", "waiting"),
        Row(.waiting, .link500, "–", "waiting"),
        Row(.waiting, .body, "–", "waiting"),
        Row(.waiting, .bodyEnded, "–", "waiting"),
        Row(.waiting, .failed, "–", "waiting"),
        Row(.waiting, .misunderstood, "–", "waiting"),
        Row(.waiting, .full, "–", "waiting"),
        Row(.waiting, .clientGone, "-a, gone /gone", "over"),
        Row(.waiting, .shutdown, "-a, gone /gone, respond 200 held", "over"),

        Row(.asking, .beginResponse, "-a, +b", "waiting"),
        Row(.asking, .beginStream, "-a, +b, begin 200, write first", "streaming"),
        Row(.asking, .passedOn, "-a, gone /gone", "over"),
        Row(.asking, .answering, "–", "asking"),
        Row(.asking, .streaming, "–", "asking"),
        Row(.asking, .gap, "–", "asking"),
        Row(.asking, .early, "–", "asking"),
        Row(.asking, .late, "–", "asking"),
        Row(.asking, .linkStream, "–", "asking"),
        Row(.asking, .linkPlain, "–", "asking"),
        Row(.asking, .link500, "–", "asking"),
        Row(.asking, .body, "–", "asking"),
        Row(.asking, .bodyEnded, "–", "asking"),
        Row(.asking, .failed, "report, -a, gone /gone, respond 502 Error while proxying to origin.", "over"),
        Row(.asking, .misunderstood, "report, -a, gone /gone, respond 502 Error while proxying to origin.", "over"),
        Row(.asking, .full, "–", "asking"),
        Row(.asking, .clientGone, "cancel, -a, gone /gone", "over"),
        Row(.asking, .shutdown, "cancel, -a, gone /gone, respond 200 held", "over"),

        Row(.firstBody, .beginResponse, "–", "receiving"),
        Row(.firstBody, .beginStream, "–", "receiving"),
        Row(.firstBody, .passedOn, "–", "receiving"),
        Row(.firstBody, .answering, "–", "receiving"),
        Row(.firstBody, .streaming, "–", "receiving"),
        Row(.firstBody, .gap, "–", "receiving"),
        Row(.firstBody, .early, "–", "receiving"),
        Row(.firstBody, .late, "–", "receiving"),
        Row(.firstBody, .linkStream, "–", "receiving"),
        Row(.firstBody, .linkPlain, "–", "receiving"),
        Row(.firstBody, .link500, "–", "receiving"),
        Row(.firstBody, .body, "write body", "receiving"),
        Row(.firstBody, .bodyEnded, "–", "streaming"),
        Row(.firstBody, .failed, "report, -a, gone /gone, break off", "over"),
        Row(.firstBody, .misunderstood, "report, -a, gone /gone, break off", "over"),
        Row(.firstBody, .full, "–", "receiving"),
        Row(.firstBody, .clientGone, "cancel, -a, gone /gone", "over"),
        Row(.firstBody, .shutdown, "–", "receiving"),

        Row(.linkBody, .beginResponse, "–", "receiving"),
        Row(.linkBody, .beginStream, "–", "receiving"),
        Row(.linkBody, .passedOn, "–", "receiving"),
        Row(.linkBody, .answering, "–", "receiving"),
        Row(.linkBody, .streaming, "–", "receiving"),
        Row(.linkBody, .gap, "–", "receiving"),
        Row(.linkBody, .early, "–", "receiving"),
        Row(.linkBody, .late, "write .", "receiving"),
        Row(.linkBody, .linkStream, "–", "receiving"),
        Row(.linkBody, .linkPlain, "–", "receiving"),
        Row(.linkBody, .link500, "–", "receiving"),
        Row(.linkBody, .body, "write body", "receiving"),
        Row(.linkBody, .bodyEnded, "–", "streaming"),
        Row(.linkBody, .failed, "report", "retrying at 3.5"),
        Row(.linkBody, .misunderstood, "report, -a, gone /gone, end", "over"),
        Row(.linkBody, .full, "–", "receiving"),
        Row(.linkBody, .clientGone, "cancel, -a, gone /gone", "over"),
        Row(.linkBody, .shutdown, "–", "receiving"),

        Row(.streaming, .beginResponse, "–", "streaming"),
        Row(.streaming, .beginStream, "–", "streaming"),
        Row(.streaming, .passedOn, "–", "streaming"),
        Row(.streaming, .answering, "–", "streaming"),
        Row(.streaming, .streaming, "write news", "streaming"),
        Row(.streaming, .gap, "forget a, fetch /next a:1", "fetching"),
        Row(.streaming, .early, "–", "streaming"),
        Row(.streaming, .late, "write ., fetch /next a:1", "fetching"),
        Row(.streaming, .linkStream, "–", "streaming"),
        Row(.streaming, .linkPlain, "–", "streaming"),
        Row(.streaming, .link500, "–", "streaming"),
        Row(.streaming, .body, "–", "streaming"),
        Row(.streaming, .bodyEnded, "–", "streaming"),
        Row(.streaming, .failed, "–", "streaming"),
        Row(.streaming, .misunderstood, "–", "streaming"),
        Row(.streaming, .full, "–", "streaming"),
        Row(.streaming, .clientGone, "-a, gone /gone", "over"),
        Row(.streaming, .shutdown, "-a, gone /gone, end", "over"),

        Row(.fetching, .beginResponse, "–", "fetching"),
        Row(.fetching, .beginStream, "–", "fetching"),
        Row(.fetching, .passedOn, "–", "fetching"),
        Row(.fetching, .answering, "–", "fetching"),
        Row(.fetching, .streaming, "–", "fetching"),
        Row(.fetching, .gap, "–", "fetching"),
        Row(.fetching, .early, "–", "fetching"),
        Row(.fetching, .late, "write .", "fetching"),
        Row(.fetching, .linkStream, "-a, +b, write more", "streaming"),
        Row(.fetching, .linkPlain, "–", "receiving"),
        Row(.fetching, .link500, "cancel, report", "retrying at 3.0"),
        Row(.fetching, .body, "–", "fetching"),
        Row(.fetching, .bodyEnded, "–", "fetching"),
        Row(.fetching, .failed, "report", "retrying at 3.5"),
        Row(.fetching, .misunderstood, "report, -a, gone /gone, end", "over"),
        Row(.fetching, .full, "–", "fetching"),
        Row(.fetching, .clientGone, "cancel, -a, gone /gone", "over"),
        Row(.fetching, .shutdown, "cancel, -a, gone /gone, end", "over"),

        Row(.lastTry, .beginResponse, "–", "fetching"),
        Row(.lastTry, .beginStream, "–", "fetching"),
        Row(.lastTry, .passedOn, "–", "fetching"),
        Row(.lastTry, .answering, "–", "fetching"),
        Row(.lastTry, .streaming, "–", "fetching"),
        Row(.lastTry, .gap, "–", "fetching"),
        Row(.lastTry, .early, "–", "fetching"),
        Row(.lastTry, .late, "write .", "fetching"),
        Row(.lastTry, .linkStream, "-a, +b, write more", "streaming"),
        Row(.lastTry, .linkPlain, "–", "receiving"),
        Row(.lastTry, .link500, "cancel, report, -a, gone /gone, end", "over"),
        Row(.lastTry, .body, "–", "fetching"),
        Row(.lastTry, .bodyEnded, "–", "fetching"),
        Row(.lastTry, .failed, "report, -a, gone /gone, end", "over"),
        Row(.lastTry, .misunderstood, "report, -a, gone /gone, end", "over"),
        Row(.lastTry, .full, "–", "fetching"),
        Row(.lastTry, .clientGone, "cancel, -a, gone /gone", "over"),
        Row(.lastTry, .shutdown, "cancel, -a, gone /gone, end", "over"),

        Row(.retrying, .beginResponse, "–", "retrying at 2.0"),
        Row(.retrying, .beginStream, "–", "retrying at 2.0"),
        Row(.retrying, .passedOn, "–", "retrying at 2.0"),
        Row(.retrying, .answering, "–", "retrying at 2.0"),
        Row(.retrying, .streaming, "–", "retrying at 2.0"),
        Row(.retrying, .gap, "–", "retrying at 2.0"),
        Row(.retrying, .early, "–", "retrying at 2.0"),
        Row(.retrying, .late, "write ., fetch /next a:1", "fetching"),
        Row(.retrying, .linkStream, "–", "retrying at 2.0"),
        Row(.retrying, .linkPlain, "–", "retrying at 2.0"),
        Row(.retrying, .link500, "–", "retrying at 2.0"),
        Row(.retrying, .body, "–", "retrying at 2.0"),
        Row(.retrying, .bodyEnded, "–", "retrying at 2.0"),
        Row(.retrying, .failed, "–", "retrying at 2.0"),
        Row(.retrying, .misunderstood, "–", "retrying at 2.0"),
        Row(.retrying, .full, "–", "retrying at 2.0"),
        Row(.retrying, .clientGone, "-a, gone /gone", "over"),
        Row(.retrying, .shutdown, "-a, gone /gone, end", "over"),

        Row(.over, .beginResponse, "–", "over"),
        Row(.over, .beginStream, "–", "over"),
        Row(.over, .passedOn, "–", "over"),
        Row(.over, .answering, "–", "over"),
        Row(.over, .streaming, "–", "over"),
        Row(.over, .gap, "–", "over"),
        Row(.over, .early, "–", "over"),
        Row(.over, .late, "–", "over"),
        Row(.over, .linkStream, "–", "over"),
        Row(.over, .linkPlain, "–", "over"),
        Row(.over, .link500, "–", "over"),
        Row(.over, .body, "–", "over"),
        Row(.over, .bodyEnded, "–", "over"),
        Row(.over, .failed, "–", "over"),
        Row(.over, .misunderstood, "–", "over"),
        Row(.over, .full, "–", "over"),
        Row(.over, .clientGone, "–", "over"),
        Row(.over, .shutdown, "–", "over"),
    ]

    @Test("Each event in each state has its orders", arguments: grid)
    func row(_ row: Row) {
        var machine = row.place.machine
        #expect(row.happening.happen(to: &machine) == row.orders)
        #expect(machine.state.outline == row.next)
        #expect(machine.isOver == (row.next == "over"))
        if machine.isOver { #expect(machine.deadline == nil) }
    }

    @Test("The grid has every state and every event")
    func complete() {
        #expect(Set(Self.grid.map(\.testDescription)).count == Place.allCases.count * Happening.allCases.count)
    }
}
