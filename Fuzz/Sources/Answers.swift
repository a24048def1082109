// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What the targets of the dialects have in common: a session to answer for, answers, and what must hold of every action.
enum Answers {
    static let statuses = [200, 200, 200, 201, 202, 204, 299, 301, 304, 400, 401, 403, 404, 429, 451, 499, 500, 503, 599, 999]
    static let offered = ["chat", "Kafka.v2"]

    static let session: SessionView = {
        guard let id = ConnectionID("n1.0.AAAAB3v9mQx0a2bJ4cdEfQ"), let channel = ChannelName("room") else { fatalError("the samples are wrong") }
        let facts = ConnectionFacts(id: id, direction: .inbound, route: "default", request: opening, keeping: ["cookie", "authorization"])
        let state = ConnectionState().merging(StatePatch([StatePatch.Change(key: "user", value: "7")]))
        return SessionView(facts: facts, chosenProtocol: "chat", state: state, channels: [channel])
    }()

    private static let opening = OpeningRequest(
        path: "/chat", query: "a=1", remoteAddress: "203.0.113.9", headers: [OpeningRequest.Field(name: "cookie", value: "a=b")],
        protocols: offered)

    static let events: [Event] = [
        .open(opening), .message(.text(ByteBuffer(string: "hello"))), .message(.binary(ByteBuffer(bytes: [0, 0xFF]))),
        .ping(ByteBuffer()), .end(.lost()),
    ]

    /// An answer: a status, then field lines up to an empty line where that stands at the front, then the body. `nil` where that is no HTTP.
    static func response(_ input: inout FuzzInput) -> HTTPResponseMessage? {
        let status = input.choice(statuses)
        let bytes = Array(input.rest)
        var fields: ArraySlice<UInt8> = []
        var body = bytes[...]
        if let end = zip(bytes.indices, bytes.dropFirst().indices).first(where: { bytes[$0] == 0x0A && bytes[$1] == 0x0A }) {
            fields = bytes[..<end.0]
            body = bytes[(end.1 + 1)...]
        }
        var whole = ByteBuffer(string: "HTTP/1.1 \(status) OK\r\n")
        for line in fields.split(separator: 0x0A) { whole.writeBytes(line + [0x0D, 0x0A]) }
        if status == 204 || status == 304 { body = [] }
        whole.writeString("content-length: \(body.count)\r\n\r\n")
        whole.writeBytes(body)
        var reader = HTTPResponseReader(maxHeadBytes: 64 << 10, maxBodyBytes: 1 << 20)
        return try? reader.next(from: &whole)
    }

    /// Checks the actions, and that they can be planned or are refused for a reason.
    static func check(_ actions: [Action], to event: Event) {
        for action in actions { check(action) }
        let isOpening = event.kind == .open
        let limits = ConnectionLimits(maxChannels: 3, maxStateBytes: 20)
        do throws(DialectError) {
            let plan = try AnswerPlan.check(actions, offered: isOpening ? offered : nil, session: session, limits: limits)
            claim((plan.opening != nil) == isOpening, "\(plan)")
            if case .accept(let chosen?, _) = plan.opening { claim(offered.contains { $0.utf8.elementsEqual(chosen.utf8) }, "\(plan)") }
            for action in plan.actions {
                switch action {
                case .accept, .reject, .askAgain, .took: fatalError("left in the plan: \(action)")
                default: break
                }
            }
        } catch {
            check(error)
        }
    }

    static func check(_ error: DialectError) {
        claim(!error.description.isEmpty, "an error that says nothing")
    }

    /// What must hold of an action wherever it comes from: the engine carries it out without a further question.
    static func check(_ action: Action) {
        switch action {
        case .accept(_, let headers): check(headers)
        case .reject(let refusal):
            claim((300...999).contains(refusal.status), "\(refusal)")
            check(refusal.headers)
        case .send(let payload, _): check(payload)
        case .close(let code, let reason, _), .closeChannel(_, let code, let reason):
            claim((code.isAllowedOnWire || code == .none) && reason.utf8.count <= CloseCode.maxReasonBytes, "\(action)")
        case .publish(let publication):
            check(publication.payload)
            claim(publication.id.map(PublicationID.isValid) ?? true, "\(publication)")
        case .control(.ping(let bytes), _), .control(.pong(let bytes), _): claim(bytes.readableBytes <= 125, "\(action)")
        case .took(let bytes): claim(bytes >= 0, "\(action)")
        case .askAgain(let delay): claim(delay > .zero, "\(action)")
        case .dial(let request, _): check(request)
        case .subscribe, .unsubscribe, .setState, .control: break
        }
        if case .subscribe(let channel, _) = action { claim(ChannelName(channel.description) == channel, "\(channel)") }
    }

    /// What an app wants dialled makes a request of as many lines as were meant.
    private static func check(_ request: DialRequest) {
        do throws(ClientHandshakeError) {
            let bytes = try HoldfastWire.ClientHandshake.request(
                target: request.url.target, authority: request.url.authority, key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: request.protocols,
                headers: request.headers.map { ($0.name, $0.value) })
            let lines = bytes.readableBytesView.count { $0 == 0x0A }
            claim(lines == 7 + request.headers.count + (request.protocols.isEmpty ? 0 : 1), "\(lines) lines: \(request)")
        } catch {
            fatalError("\(error): \(request)")
        }
    }

    private static func check(_ payload: Payload) {
        guard case .text(let text) = payload else { return }
        claim(String(validating: text.readableBytesView, as: Swift.UTF8.self) != nil, "no UTF-8: \(shown(text.readableBytesView))")
    }

    private static func check(_ headers: [OpeningRequest.Field]) {
        let own = ["connection", "upgrade", "content-length", "transfer-encoding", "keep-alive", "trailer", "te"]
        for header in headers {
            claim(HoldfastWire.Handshake.isToken(header.name) && header.name == header.name.lowercased(), "\(header)")
            claim(isLine(header.value) && !own.contains(header.name), "\(header)")
        }
    }
}
