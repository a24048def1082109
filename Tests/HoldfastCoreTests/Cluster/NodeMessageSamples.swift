// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

@testable import HoldfastCore

/// Every message that nodes send each other, with every part that it may have.
enum NodeMessageSamples {
    static let sender = NodeInstance(.sample("n1"), 0x0102_0304_0506_0708)
    static let id = ConnectionID.sample(1, node: .sample("n2"), shard: 3, slot: 9)

    static var all: [NodeMessage] { broadcasts + orders + views + members + records }

    static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private static func message(_ payload: Payload, except: [ConnectionID] = [], id: String? = nil, _ details: PublicationDetails? = nil) -> Broadcast
    {
        .message(Publication(channel: .sample("röom"), payload: payload, except: except, id: id, details: details))
    }

    static let broadcasts: [NodeMessage] = [
        .broadcasts([]),
        .broadcasts([message(.text(bytes("héllo")))]),
        .broadcasts([message(.binary(ByteBuffer(bytes: [0, 255, 128])), except: [id, .sample(2)], id: "p1")]),
        .broadcasts([message(.text(bytes(""))), message(.text(bytes("2")), id: ""), .close(.sample("röom"), .goingAway, reason: "bye")]),
        .broadcasts([
            .close(.sample("a"), .none, reason: ""), .close(.sample("b"), CloseCode(4999), reason: "x"), .close(.sample("a"), .normal, reason: ""),
        ]),
        .broadcasts(details.map { message(.text(bytes("x")), id: "p2", $0) }),
    ]

    private static let details: [PublicationDetails] = [
        PublicationDetails(),
        PublicationDetails(webSocket: .ping(bytes("p")), webSocketFilters: [], isUnordered: true),
        PublicationDetails(webSocket: .pong(bytes("q")), webSocketFilters: ["build-id", "x"], previousID: "p1"),
        PublicationDetails(webSocket: .close(CloseCode(3000), reason: "why"), meta: ["sender": "bob", "a": ""]),
        PublicationDetails(webSocket: .close(.none, reason: "")),
        PublicationDetails(webSocket: .refresh),
        PublicationDetails(
            webSocket: .none,
            response: HeldResponseContent(
                status: 201, reason: "Made", headers: [.init(name: "x-a", value: "1"), .init(name: "x-a", value: "tab\tö")],
                body: .bytes(bytes("body")), filters: ["skip-self"]),
            stream: HeldStreamContent(action: .send(bytes("line\n")), filters: [])),
        PublicationDetails(
            response: HeldResponseContent(action: .hint, body: .patch(patch)), stream: HeldStreamContent(action: .close)),
        PublicationDetails(stream: HeldStreamContent(action: .hint, filters: ["var-subst"])),
    ]

    private static var patch: JSONValueBox {
        guard let value = try? JSONReader.parse(bytes("[ {\"op\": \"add\", \"path\": \"/a\", \"value\": 1.0} ]")) else {
            preconditionFailure("it is JSON")
        }
        return JSONValueBox(value)
    }

    static let actions: [Action] = [
        .send(.text(bytes("to you")), to: id),
        .send(.binary(ByteBuffer(bytes: [255])), to: id),
        .send(.text(bytes("")), to: nil),
        .close(.normal, reason: "bye", to: id),
        .close(.none, reason: "", to: id),
        .subscribe(.sample("röom"), to: id),
        .unsubscribe(.sample("röom"), to: id),
        .setState(StatePatch([.init(key: "a", value: "1"), .init(key: "b", value: nil), .init(key: "", value: "")]), to: id),
        .setState(StatePatch([]), to: id),
    ]

    static let controls: [ConnectionControl] = [
        .ping(bytes("")), .pong(bytes("pong")), .disconnect, .detach, .refresh, .poll(every: nil), .poll(every: .milliseconds(1_500)),
        .keepAlive(nil), .keepAlive(TimedMessage(form: .ping, bytes: bytes(""), after: .seconds(20), isInterval: true)),
        .sendLater(TimedMessage(form: .text, bytes: bytes("later"), after: .zero)),
        .sendLater(TimedMessage(form: .binary, bytes: bytes("b"), after: .seconds(1))),
        .sendLater(TimedMessage(form: .pong, bytes: bytes("p"), after: .nanoseconds(1))),
        .flushLater, .remember(GripSession()),
        .remember(
            GripSession(
                messagePrefix: "m:", meta: ["user": "bob", "id_format": "x"],
                filters: [.sample("a"): GripFilter.allCases, .sample("b"): []])),
        .follow(.sample("a"), from: "p1"), .warn("what the app sent has no effect"),
    ]

    static let results: [ActionResult] = [
        .done(delivered: 0), .done(delivered: 300), .dialling(id), .notFound, .duplicate, .full, .refused("too many"), .unreachable,
    ]

    static let orders: [NodeMessage] = [
        .actions(request: 0, []),
        .actions(request: .max, actions + controls.map { .control($0, to: id) }),
        .results(to: NodeRequest(instance: 7, number: 300), results),
    ]

    static let views: [NodeMessage] = [
        .question(request: 1, .connection(id)),
        .question(request: 2, .connections(after: nil, limit: 100, route: nil, channel: nil)),
        .question(request: 3, .connections(after: id, limit: 1, route: "chat", channel: .sample("röom"))),
        .question(request: 4, .channels(after: nil, limit: 10)),
        .question(request: 5, .channels(after: .sample("a"), limit: 10)),
        .question(request: 6, .subscriberCount(.sample("a"))),
        .answer(to: NodeRequest(instance: 1, number: 2), .connections([ShownConnection(id: id, json: bytes("{}"))]), isLast: false),
        .answer(to: NodeRequest(instance: 1, number: 2), .channels([ChannelCount(name: .sample("a"), subscribers: 5)]), isLast: true),
        .answer(to: NodeRequest(instance: 1, number: 2), .count(70_000), isLast: true),
    ]

    static let members: [NodeMessage] = [
        .announcement(
            NodeAnnouncement(
                started: 1_790_000_000_000, lease: .seconds(10), version: "1.2", connections: 9, isDraining: true, isJoining: true, asks: true)),
        .announcement(NodeAnnouncement(started: 0, lease: .milliseconds(400), version: "")),
        .objection(instance: .max), .farewell,
    ]

    static var dial: Action {
        guard let url = DialURL("wss://example.com/") else { preconditionFailure("it is a URL") }
        return .dial(DialRequest(url: url), route: nil)
    }

    static let record = ConnectionRecord(id: id, bytes: bytes("what only the gateway knows"))

    static let records: [NodeMessage] = [
        .records(RecordBatch(listing: 1, index: 0, isComplete: true, changes: [])),
        .records(RecordBatch(listing: 2, index: 700, isComplete: false, changes: [.set(record), .remove(id)])),
        .forgetRecords(listing: 3), .wantsRecords(instance: 5),
        .handedOver(HandedOverRecords(lost: sender, listing: 4, isComplete: true, isLast: false, records: [record])),
        .handedOver(HandedOverRecords(lost: sender, listing: 4, isComplete: false, isLast: true, records: [])),
        .reported(sender), .buried(instance: 1, [id, .sample(3)]),
    ]
}
