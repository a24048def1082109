// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// An app's answer in the dialect of unsocket, and what it posts to `/message`.
///
/// Never a crash. Never a dial that the dialer could not make, and never a reply to a push that is no JSON.
enum UnsocketAnswer {
    private static let events: [Event] =
        Answers.events + [.ready(DialQuestion()), .ready(DialQuestion(name: "1", failures: 1)), .ready(DialQuestion(name: "feed", failures: 9))]

    static let target = FuzzTarget(name: "UnsocketAnswer", maxLength: 1024) { input in
        var input = input
        let event = input.choice(events)
        let dialect = UnsocketDialect(settings: UnsocketSettings(lifecycle: true))
        guard let response = Answers.response(&input) else { return }
        do throws(DialectError) {
            let actions = try dialect.actions(from: response, to: [SequencedEvent(seq: 1, event: event)], in: Answers.session)
            Answers.check(actions, to: event)
            check(actions, event)
        } catch {
            Answers.check(error)
        }

        let types = [nil, "application/json", "text/plain", "application/octet-stream", "image/png"]
        for type in types {
            let request = ControlRequest(method: "POST", path: "/message", query: "connection=%61+b", contentType: type, body: response.body)
            guard let command = dialect.command(from: request) else { fatalError("a push that is not ours") }
            command.actions.forEach(Answers.check)
            for result in [ActionResult.done(delivered: 1), .done(delivered: 0), .full, .refused("no"), .notFound] {
                let reply = command.reply(command.actions.map { _ in result })
                claim((try? JSONReader.parse(ByteBuffer(string: reply.body)))?.object != nil, reply.body)
                claim([200, 400, 415, 503].contains(reply.status), "\(reply.status)")
            }
        }
    }

    private static func check(_ actions: [Action], _ event: Event) {
        var names: Set<String> = []
        for action in actions {
            switch action {
            case .dial(let request, route: nil):
                guard let name = request.name, let channel = ChannelName(UnsocketSettings.channel(of: name)) else {
                    fatalError("no name: \(request)")
                }
                claim(names.insert(name).inserted && !channel.description.isEmpty, "twice: \(name)")
                claim((try? TextFilter(request.exclude)) != nil, "\(request.exclude)")
                claim(DialURL(request.url.description) == request.url, "\(request.url)")
                claim(Set(request.protocols).count == request.protocols.count, "\(request.protocols)")
                claim(request.protocols.allSatisfy(HoldfastWire.Handshake.isToken), "\(request.protocols)")
                for header in request.headers {
                    claim(HoldfastWire.Handshake.isToken(header.name) && header.name == header.name.lowercased(), "\(header)")
                    claim(isLine(header.value) && !DialRequest.reservedHeaders.contains(header.name), "\(header)")
                }
            case .send(_, let id), .close(_, _, let id): claim(id == nil, "\(action)")
            case .publish, .closeChannel: break
            default: fatalError("an action of another convention: \(action)")
            }
        }
        if case .ready(let question) = event, question.name == nil {
            guard case .dial = actions.first else { fatalError("nothing to connect to, and no fault: \(actions)") }
        }
    }
}
