// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

@testable import HoldfastCore

/// What is in `GoldenBytes.txt`, by the names that it has there: every message that nodes send each other, with every part that it may have.
enum GoldenSamples {
    static let messages: [(name: String, message: NodeMessage)] =
        named(
            [
                "broadcasts, none", "broadcasts, a text", "broadcasts, binary with all but details", "broadcasts, of one channel",
                "broadcasts, of several channels", "broadcasts, details of every form",
            ], NodeMessageSamples.broadcasts)
        + named(
            [
                "actions, send text", "actions, send binary", "actions, send to nobody named", "actions, close", "actions, close without a code",
                "actions, subscribe", "actions, unsubscribe", "actions, set state", "actions, set no state",
            ], NodeMessageSamples.actions.map { .actions(request: 1, [$0]) })
        + named(
            [
                "control, ping", "control, pong", "control, disconnect", "control, detach", "control, refresh", "control, poll no more",
                "control, poll", "control, keep alive no more", "control, keep alive", "control, send text later", "control, send binary later",
                "control, send pong later", "control, flush later", "control, remember nothing", "control, remember", "control, follow",
                "control, warn",
            ], NodeMessageSamples.controls.map { .actions(request: 0, [.control($0, to: NodeMessageSamples.id)]) })
        + named(["actions, none", nil, "results"], NodeMessageSamples.orders)
        + named(
            [
                "question, connection", "question, connections", "question, connections of a route and channel behind one", "question, channels",
                "question, channels behind one", "question, count of subscribers", "answer, connections", "answer, channels", "answer, count",
            ], NodeMessageSamples.views)
        + named(["announcement, all bits", "announcement, no bits", "objection", "farewell"], NodeMessageSamples.members)
        + named(
            [
                "records, none", "records, changes", "forget records", "wants records", "handed over, records", "handed over, the last", "reported",
                "buried",
            ], NodeMessageSamples.records)

    /// The number that each message is given.
    static let number: UInt64 = 0x1112_1314_1516_1718

    static let sessions: [(name: String, record: SessionRecord)] = [
        (
            "session, least",
            SessionRecord(
                facts: facts(headers: [], head: nil), chosenProtocol: nil, state: ConnectionState(), channels: [],
                trace: TraceContext(high: 0, low: 1, flags: 0), isTrusted: false)
        ),
        (
            "session, all parts",
            SessionRecord(
                facts: facts(
                    .outbound, headers: [.init(name: "cookie", value: "a=b"), .init(name: "x-ö", value: "")], head: "host: a\r\nx-ö: b\r\n"),
                chosenProtocol: "v2.chat", state: ConnectionState([.init(key: "user", value: "42"), .init(key: "", value: "wörld")]),
                channels: [.sample("room-7"), .sample("räume/ü")],
                trace: TraceContext(high: 0x0AF7_6519_16CD_43DD, low: 0x8448_EB21_1C80_319C, flags: 1), isTrusted: true)
        ),
        (
            "session, a head without a text",
            SessionRecord(
                facts: facts(headers: [], head: ""), chosenProtocol: "", state: ConnectionState(), channels: [],
                trace: TraceContext(high: 1, low: 2, flags: 255), isTrusted: false)
        ),
    ]

    /// Samples without a name have no bytes of their own: theirs are those of others together.
    private static func named(_ names: [String?], _ messages: [NodeMessage]) -> [(name: String, message: NodeMessage)] {
        precondition(names.count == messages.count, "each sample has a name: \(names)")
        return zip(names, messages).compactMap { name, message in name.map { ($0, message) } }
    }

    private static func facts(
        _ direction: ConnectionFacts.Direction = .inbound, headers: [OpeningRequest.Field], head: String?
    ) -> ConnectionFacts {
        let request = OpeningRequest(path: "/chat", query: "a=1", remoteAddress: "203.0.113.9", headers: [], protocols: [])
        let split = head.map { text in
            var split = SplitHead()
            split.appendShared(text)
            return split
        }
        return ConnectionFacts(id: NodeMessageSamples.id, direction: direction, route: "chät", request: request, kept: headers, webhookHead: split)
    }
}
