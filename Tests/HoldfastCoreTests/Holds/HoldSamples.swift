// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

// What the tests of holds have in common.

extension OpeningRequest.Field: ExpressibleByStringInterpolation {
    /// `Name: value`; the name is put in lower case.
    public init(stringLiteral text: String) {
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        self.init(name: text[..<colon].lowercased(), value: String(text[colon...].dropFirst(2)))
    }
}

extension HoldURI {
    static func sample(_ target: String = "/chat/room?since=1") -> HoldURI {
        guard let uri = HoldURI(isTLS: false, authority: "example.com", target: target) else { preconditionFailure("\(target) is no target") }
        return uri
    }
}

extension HoldInstruction.Channel {
    static func sample(_ name: String, prev previousID: String? = nil, _ filters: [String] = []) -> HoldInstruction.Channel {
        HoldInstruction.Channel(channel: .sample(name), name: .sample(name), previousID: previousID, filters: filters)
    }
}

extension HoldInstruction {
    static func response(
        _ channels: [Channel] = [.sample("a")], timeout: Duration = .seconds(55), gone: String? = nil, meta: [String: String] = [:],
        headers: [OpeningRequest.Field] = [], body: String = "held"
    ) -> HoldInstruction {
        HoldInstruction(
            mode: .response, channels: channels, timeout: timeout, goneLink: gone, meta: meta,
            response: HeldResponse(headers: headers, body: ByteBuffer(string: body)))
    }

    static func stream(
        _ channels: [Channel] = [.sample("a")], keepAlive: KeepAlive? = nil, next: String? = nil, after: Duration = .seconds(120),
        gone: String? = nil, meta: [String: String] = [:], body: String = ""
    ) -> HoldInstruction {
        HoldInstruction(
            mode: .stream, channels: channels, keepAlive: keepAlive, nextLink: next.map { NextLink(uri: $0, timeout: after) }, goneLink: gone,
            meta: meta, response: HeldResponse(body: ByteBuffer(string: body)))
    }

    static func passing(next: String? = nil, body: String = "") -> HoldInstruction {
        HoldInstruction(mode: .none, nextLink: next.map { NextLink(uri: $0) }, response: HeldResponse(body: ByteBuffer(string: body)))
    }
}

extension Publication {
    static func answering(
        _ channel: String = "a", _ content: HeldResponseContent, id: String? = nil, prev previousID: String? = nil, meta: [String: String] = [:]
    ) -> Publication {
        Publication(
            channel: .sample(channel), payload: .sample(""), id: id,
            details: PublicationDetails(webSocket: .none, response: content, meta: meta, previousID: previousID))
    }

    static func answering(_ channel: String = "a", _ body: String, id: String? = nil, prev previousID: String? = nil) -> Publication {
        answering(channel, HeldResponseContent(body: .bytes(ByteBuffer(string: body))), id: id, prev: previousID)
    }

    static func streaming(
        _ channel: String = "a", _ action: HeldStreamContent.Action, filters: [String]? = nil, id: String? = nil, prev previousID: String? = nil,
        meta: [String: String] = [:]
    ) -> Publication {
        Publication(
            channel: .sample(channel), payload: .sample(""), id: id,
            details: PublicationDetails(
                webSocket: .none, stream: HeldStreamContent(action: action, filters: filters), meta: meta, previousID: previousID))
    }

    static func streaming(_ channel: String = "a", _ text: String, id: String? = nil, prev previousID: String? = nil) -> Publication {
        streaming(channel, .send(ByteBuffer(string: text)), id: id, prev: previousID)
    }
}

extension [HoldOrder] {
    /// The orders in short words.
    var outline: String { isEmpty ? "–" : map(\.outline).joined(separator: ", ") }
}

extension HoldOrder {
    var outline: String {
        func words(_ gaps: [HoldGap]) -> String { gaps.map { " \($0.channel):\($0.lastID)" }.joined() }
        return switch self {
        case .subscribe(let channel): "+\(channel)"
        case .unsubscribe(let channel): "-\(channel)"
        case .forget(let channel): "forget \(channel)"
        case .respond(let response): "respond \(response.status) \(String(buffer: response.body).filter { $0 != "\n" })"
        case .begin(let response): "begin \(response.status)\(response.body.readableBytes > 0 ? " WITH BODY" : "")"
        case .write(let bytes): bytes.readableBytes > 0 ? "write \(String(buffer: bytes))" : "WRITE NOTHING"
        case .end: "end"
        case .breakOff: "break off"
        case .requestAgain(let gaps): "again\(words(gaps))"
        case .fetch(let uri, let gaps): "fetch \(uri.target)\(words(gaps))"
        case .cancel: "cancel"
        case .postGone(let uri): "gone \(uri.target)"
        case .report: "report"
        }
    }
}

extension HoldMachine.State {
    var outline: String {
        switch self {
        case .new: "new"
        case .waiting: "waiting"
        case .asking: "asking"
        case .receiving: "receiving"
        case .streaming: "streaming"
        case .fetching: "fetching"
        case .retrying(let at): "retrying at \(at.since(.after(.zero)).inSeconds)"
        case .over: "over"
        }
    }
}

extension HoldMachine {
    static func sample(
        _ uri: HoldURI = .sample(), implicit: [String] = [], debug: Bool = false, jitter: Double = 0, maxContentBytes: Int = 1 << 20
    ) -> HoldMachine {
        HoldMachine(uri: uri, implicitChannels: implicit.map { .sample($0) }, debug: debug, jitter: jitter, maxContentBytes: maxContentBytes)
    }

    /// Begins at second 0 with the whole body at hand and no channel's last id known, unless said otherwise.
    @discardableResult
    mutating func begin(
        _ instruction: HoldInstruction, bodyFollows: Bool = false, at second: Double = 0, lastIDs: [String: String] = [:]
    ) -> String {
        begin(instruction, bodyFollows: bodyFollows, at: .at(second)) { lastIDs[$0.description] }.outline
    }

    @discardableResult
    mutating func publish(_ publication: Publication, at second: Double = 1) -> String { published(publication, at: .at(second)).outline }

    @discardableResult
    mutating func pass(to second: Double) -> String { deadlinePassed(at: .at(second)).outline }

    @discardableResult
    mutating func answer(
        _ instruction: HoldInstruction?, status: Int = 200, bodyFollows: Bool = false, at second: Double = 1, jitter: Double = 0
    ) -> String {
        linkAnswered(status: status, instruction, bodyFollows: bodyFollows, at: .at(second), jitter: jitter).outline
    }

    /// Seconds until the next deadline, from second 0.
    var due: Double? { deadline?.since(.at(0)).inSeconds }
}

extension MonotonicTime {
    static func at(_ second: Double) -> MonotonicTime { .after(.milliseconds(Int(second * 1000))) }
}
