// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// A client's frame, the authorizer's answer to it, and a publication, in the dialect of wsify.
///
/// Never a crash. What the app is asked about is JSON, and is what is then done: the channel that it sees, each name once. Never an action that the
/// engine cannot carry out, never a frame or a reply that is no JSON, and nothing published without the key.
enum Wsify {
    static let target = FuzzTarget(name: "Wsify", maxLength: 1024) { input in
        var input = input
        let version = input.choice([WsifySettings.Version.v3, .v2])
        let settings = WsifySettings(
            version: version, broadcastingKey: input.bool() ? "k" : "", acks: input.bool(), identity: input.bool(), disconnect: input.bool(),
            targets: input.bool())
        let dialect = WsifyDialect(settings: settings, isAsked: input.bool(), maxChannels: 3)
        let status = input.choice(Answers.statuses)
        publish(input, settings, dialect)
        let bytes = ByteBuffer.amid(input.rest)
        for event in [Event.message(.text(bytes)), .message(.binary(bytes)), .end(.lost())] { play(event, status, dialect, version) }
        let opening = OpeningRequest(
            path: "/ws", query: input.text, remoteAddress: "203.0.113.9", headers: [.init(name: "x-\u{E9}-y", value: input.text)],
            protocols: Answers.offered)
        play(.open(opening), status, dialect, version)
    }

    private static func play(_ event: Event, _ status: Int, _ dialect: WsifyDialect, _ version: WsifySettings.Version) {
        let events = [SequencedEvent(seq: 2, event: event)]
        if let actions = dialect.unasked(events, in: Answers.session) { return check(actions, event) }
        let body = dialect.request(for: events, in: Answers.session).body
        guard let asked = try? JSONReader.parse(body), let members = asked.object else { fatalError("no JSON: \(String(buffer: body))") }
        claim(Set(members.map(\.name)).count == members.count, "a name twice: \(String(buffer: body))")
        var whole = ByteBuffer(string: "HTTP/1.1 \(status) OK\r\n" + (status == 204 || status == 304 ? "\r\n" : "content-length: 0\r\n\r\n"))
        var reader = HTTPResponseReader(maxHeadBytes: 1 << 10, maxBodyBytes: 1 << 10)
        guard let response = try? reader.next(from: &whole) else { return }
        do throws(DialectError) {
            let actions = try dialect.actions(from: response, to: events, in: Answers.session)
            check(actions, event)
            if status != 200, version == .v3 {
                claim(
                    actions.allSatisfy { if case .send = $0 { true } else if case .reject = $0 { true } else { false } },
                    "done at \(status): \(actions)")
            }
            // What is done is what the app was asked about.
            let seen = version == .v3 ? asked["args"]?["channel"]?.string : asked["value"]?.string
            for action in actions {
                switch action {
                case .subscribe(let channel, _), .unsubscribe(let channel, _):
                    claim(channel.description == seen || channel.description.hasPrefix("wsify:"), "\(channel) for \(seen ?? "")")
                case .publish(let publication): claim(publication.channel.description == seen, "\(publication) for \(seen ?? "")")
                default: break
                }
            }
        } catch {
            claim(status >= 500, "\(error)")
            Answers.check(error)
        }
    }

    private static func check(_ actions: [Action], _ event: Event) {
        Answers.check(actions, to: event)
        for action in actions {
            switch action {
            case .send(.text(let text), _): claim((try? JSONReader.parse(text)) != nil, "no JSON: \(String(buffer: text))")
            case .publish(let publication): claim((try? JSONReader.parse(publication.payload.bytes)) != nil, "no JSON: \(publication)")
            default: break
            }
        }
    }

    /// Lines: query, content type, authorization, and the body.
    private static func publish(_ input: FuzzInput, _ settings: WsifySettings, _ dialect: WsifyDialect) {
        let lines = input.rest.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return }
        let texts = lines.map { String(decoding: $0, as: Swift.UTF8.self) }
        let request = ControlRequest(
            method: "POST", path: settings.publishPath, query: texts[0], contentType: texts[1], authorization: texts[2], time: 7,
            body: ByteBuffer.amid(lines[3]))
        guard let command = dialect.command(from: request) else { fatalError("it is ours") }
        if let refusal = dialect.refusal(ofHead: request) {
            claim(command.actions.isEmpty && command.reply([]) == refusal && refusal.status == 403, "\(command.actions)")
        }
        for action in command.actions { Answers.check(action) }
        let reply = command.reply(command.actions.map { _ in .done(delivered: 1) })
        claim((200...599).contains(reply.status), "\(reply)")
        claim(reply.body.isEmpty || (try? JSONReader.parse(ByteBuffer(string: reply.body))) != nil, "\(reply)")
        claim(command.actions.isEmpty || reply.status == (settings.version == .v3 ? 201 : 200), "\(reply)")
    }
}
