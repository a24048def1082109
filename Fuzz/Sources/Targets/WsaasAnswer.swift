// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// An app's answer in the dialect of wsaas, and its pushes.
///
/// Never a crash. Never an action that the engine cannot carry out, and never a reply to a push that is no JSON.
enum WsaasAnswer {
    static let target = FuzzTarget(name: "WsaasAnswer", maxLength: 512) { input in
        var input = input
        let event = input.choice(Answers.events)
        let dialect = WsaasDialect(settings: .init(maxMessageBytes: 100, answersWithStatus: true))
        guard let response = Answers.response(&input) else { return }
        let events = [SequencedEvent(seq: 1, event: event)]
        do throws(DialectError) {
            Answers.check(try dialect.actions(from: response, to: events, in: Answers.session), to: event)
        } catch {
            Answers.check(error)
        }

        let lines = response.body.readableBytesView.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: Swift.UTF8.self) }
        guard lines.count == 4 else { return }
        let push = ControlRequest(method: lines[0], path: lines[1], contentType: lines[2], body: ByteBuffer(string: lines[3]))
        guard let command = dialect.command(from: push) else { return }
        for action in command.actions { Answers.check(action) }
        let results: [ActionResult] = [.done(delivered: 1), .notFound, .duplicate, .full, .refused("\"why\""), .unreachable]
        for result in results {
            let reply = command.reply(command.actions.map { _ in result })
            claim((200...599).contains(reply.status), "\(reply)")
            claim((try? JSONReader.parse(ByteBuffer(string: reply.body)))?["code"]?.string != nil, "\(reply)")
        }
    }
}
