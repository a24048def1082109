// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct AnswerPlanTests {
    private static let room = ChannelName.sample("room")
    private static let other = ConnectionID.sample(2)
    private static let acceptance = Action.accept(protocol: nil, headers: [])
    private static let refusal = Action.reject(Refusal(status: 401))

    private func check(
        _ actions: [Action], offered: [String]? = nil, session: SessionView = .sample(), limits: ConnectionLimits = ConnectionLimits()
    ) throws(DialectError) -> AnswerPlan {
        try AnswerPlan.check(actions, offered: offered, session: session, limits: limits)
    }

    /// The message of the error that is expected.
    private func fault(
        _ actions: [Action], offered: [String]? = nil, session: SessionView = .sample(), limits: ConnectionLimits = ConnectionLimits()
    ) -> String? {
        let error = #expect(throws: DialectError.self) { try check(actions, offered: offered, session: session, limits: limits) }
        #expect(error?.code == .notUnderstood)
        return error?.description
    }

    @Test("An answer to open that neither accepts nor rejects accepts", arguments: [[], [.send(.sample("welcome"), to: nil)]] as [[Action]])
    func implied(_ actions: [Action]) throws {
        let plan = try check(actions, offered: [])
        #expect(plan.opening == .accept(protocol: nil, headers: []))
        #expect(plan.actions == actions)
    }

    @Test("The verdict on the opening request is taken out, wherever it stands; the rest keeps its order")
    func verdict() throws {
        let first = Action.subscribe(Self.room, to: nil)
        let last = Action.send(.sample("welcome"), to: nil)
        let field = OpeningRequest.Field(name: "set-cookie", value: "a=1")
        let accepted = try check([first, .accept(protocol: "v1", headers: [field]), last], offered: ["v2", "v1"])
        #expect(accepted.opening == .accept(protocol: "v1", headers: [field]))
        #expect(accepted.actions == [first, last])
        let rejected = try check([first, .reject(Refusal(status: 401)), last], offered: ["v2", "v1"])
        #expect(rejected.opening == .reject(Refusal(status: 401)))
        #expect(rejected.actions == [first, last])
    }

    @Test("An answer to a later event has no verdict")
    func laterEvent() throws {
        let actions: [Action] = [
            .publish(Publication(channel: Self.room, payload: .sample("hello"))), .closeChannel(Self.room, code: .normal, reason: ""),
        ]
        let plan = try check(actions)
        #expect(plan.opening == nil)
        #expect(plan.actions == actions)
    }

    @Test("Accept and reject are possible only in the answer to open")
    func notOpening() {
        #expect(fault([.unsubscribe(Self.room, to: nil), Self.acceptance]) == "actions[1]: accept is possible only in the answer to open")
        #expect(fault([Self.refusal]) == "actions[0]: reject is possible only in the answer to open")
    }

    @Test(
        "There is one verdict",
        arguments: [[acceptance, acceptance], [acceptance, refusal], [refusal, acceptance], [refusal, refusal]])
    func secondVerdict(_ actions: [Action]) {
        #expect(fault(actions, offered: []) == "actions[1]: a second accept or reject")
    }

    @Test("A subprotocol must have been offered")
    func subprotocol() {
        let choice = Action.accept(protocol: "v3", headers: [])
        #expect(fault([choice], offered: ["v2", "v1"]) == "actions[0].protocol: \"v3\" was not offered by the client (offered: v2, v1)")
        #expect(fault([choice], offered: []) == "actions[0].protocol: \"v3\" was not offered by the client (offered: none)")
        #expect(fault([.accept(protocol: "V2", headers: [])], offered: ["v2"])?.contains("not offered") == true)
    }

    @Test("Channels are counted as the actions go: those it has, those joined, less those left, none twice")
    func channels() throws {
        let limits = ConnectionLimits(maxChannels: 2)
        let session = SessionView.sample(channels: [.sample("one")])
        let (one, two, three) = (ChannelName.sample("one"), ChannelName.sample("two"), ChannelName.sample("three"))
        _ = try check([.subscribe(one, to: nil), .subscribe(two, to: nil), .subscribe(two, to: nil)], session: session, limits: limits)
        _ = try check([.unsubscribe(one, to: nil), .subscribe(two, to: nil), .subscribe(three, to: nil)], session: session, limits: limits)
        let message = "actions[1].channel: more than 2 channels on one connection (maxChannels)"
        #expect(fault([.subscribe(two, to: nil), .subscribe(three, to: nil)], session: session, limits: limits) == message)
        #expect(
            fault([.subscribe(two, to: nil), .subscribe(three, to: nil), .unsubscribe(one, to: nil)], session: session, limits: limits) == message)
        #expect(fault([.subscribe(one, to: nil)], limits: ConnectionLimits(maxChannels: 0))?.contains("more than 0 channels") == true)
    }

    @Test("The state is measured as the actions go")
    func state() throws {
        let limits = ConnectionLimits(maxStateBytes: 10)
        let session = SessionView.sample(state: ConnectionState().merging(patch(("user", "42"))))
        _ = try check([.setState(patch(("ab", "cd")), to: nil)], session: session, limits: limits)
        _ = try check([.setState(patch(("user", nil)), to: nil), .setState(patch(("0123", "456789")), to: nil)], session: session, limits: limits)
        let message = "actions[0].state: larger than 10 bytes in all (maxStateBytes)"
        #expect(fault([.setState(patch(("ab", "cde")), to: nil)], session: session, limits: limits) == message)
        #expect(
            fault([.setState(patch(("ab", "cde")), to: nil), .setState(patch(("ab", nil)), to: nil)], session: session, limits: limits) == message)
    }

    @Test("The connection's own id in `to` is no way around its limits")
    func ownID() {
        let session = SessionView.sample()
        let id = session.facts.id
        #expect(
            fault([.subscribe(Self.room, to: id)], session: session, limits: ConnectionLimits(maxChannels: 0))
                == "actions[0].channel: more than 0 channels on one connection (maxChannels)")
        #expect(
            fault([.setState(patch(("a", "b")), to: id)], session: session, limits: ConnectionLimits(maxStateBytes: 1))
                == "actions[0].state: larger than 1 bytes in all (maxStateBytes)")
    }

    @Test("What is for other connections is not measured by this one's limits")
    func otherConnections() throws {
        let limits = ConnectionLimits(maxChannels: 0, maxStateBytes: 0)
        let actions: [Action] = [
            .subscribe(Self.room, to: Self.other), .setState(patch(("a", "b")), to: Self.other), .unsubscribe(Self.room, to: Self.other),
        ]
        #expect(try check(actions, limits: limits).actions == actions)
    }

    // MARK: In doubt, and in part

    @Test("An app that has not made up its mind is asked again; what it says besides is kept")
    func askAgain() throws {
        let poll = Action.control(.poll(every: .seconds(5)), to: nil)
        let plan = try check([poll, .askAgain(after: .seconds(5)), .setState(patch(("a", "b")), to: nil)], offered: ["v1"])
        #expect(plan.opening == .askAgain(after: .seconds(5)))
        #expect(plan.actions == [poll, .setState(patch(("a", "b")), to: nil)])
        #expect(plan.taken == nil)
    }

    @Test("To ask again is a verdict, and there is one")
    func askAgainIsAVerdict() {
        let again = Action.askAgain(after: .seconds(1))
        #expect(fault([Self.acceptance, again], offered: []) == "actions[1]: a second verdict")
        #expect(fault([Self.refusal, again], offered: []) == "actions[1]: a second verdict")
        #expect(fault([again, again], offered: []) == "actions[1]: a second verdict")
        #expect(fault([again, Self.acceptance], offered: []) == "actions[1]: a second accept or reject")
        #expect(fault([again, Self.refusal], offered: []) == "actions[1]: a second accept or reject")
    }

    @Test("About an open connection there is nothing to ask again")
    func askAgainTooLate() {
        #expect(fault([.askAgain(after: .seconds(1))]) == "the connection is open: there is nothing to ask again")
    }

    @Test("How much was taken is taken out of the list, the last word counts; without one all was")
    func taken() throws {
        let send = Action.send(.sample("a"), to: nil)
        let plan = try check([.took(contentBytes: 7), send, .took(contentBytes: 0)])
        #expect(plan.taken == 0)
        #expect(plan.actions == [send])
        #expect(plan.opening == nil)
        #expect(try check([send]).taken == nil)
        #expect(try check([.took(contentBytes: 3)], offered: []) == AnswerPlan(opening: .accept(protocol: nil, headers: []), actions: [], taken: 3))
    }

    @Test("Orders beyond messages, channels and state are carried out in their place", arguments: [nil, [], ["v1"]] as [[String]?])
    func controls(_ offered: [String]?) throws {
        let controls: [ConnectionControl] = [
            .ping(ByteBuffer()), .pong(ByteBuffer(string: "a")), .disconnect, .detach, .refresh, .poll(every: nil), .keepAlive(nil),
            .sendLater(TimedMessage(form: .text, bytes: ByteBuffer(), after: .seconds(1))), .flushLater, .remember(GripSession(messagePrefix: "m:")),
            .follow(Self.room, from: "7"), .warn("why"),
        ]
        let actions = controls.flatMap { [Action.control($0, to: nil), .send(.sample("a"), to: nil), .control($0, to: Self.other)] }
        #expect(try check(actions, offered: offered).actions == actions)
    }

    @Test("A client that is let in without a question gets no subprotocol and no headers")
    func unasked() {
        #expect(AnswerPlan.acceptUnasked.opening == .accept(protocol: nil, headers: []))
        #expect(AnswerPlan.acceptUnasked.actions.isEmpty)
        #expect(AnswerPlan.acceptUnasked.taken == nil)
    }

    private func patch(_ changes: (String, String?)...) -> StatePatch {
        StatePatch(changes.map { StatePatch.Change(key: $0.0, value: $0.1) })
    }
}
