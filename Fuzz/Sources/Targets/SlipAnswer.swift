// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// An app's answer in the slip dialect, the same list as a control request, and any text as metadata.
///
/// Never a crash. Never an answer that passes here and not the engine's own check, a control request without an address, a reply or a webhook that is
/// no JSON.
enum SlipAnswer {
    private static let limits = ConnectionLimits(maxChannels: 3, maxStateBytes: 20)

    static let target = FuzzTarget(name: "SlipAnswer", maxLength: 1024) { input in
        var input = input
        let event = input.choice(Answers.events)
        let dialect = SlipDialect(settings: SlipSettings(jwtSecret: "key", batches: true), limits: limits)
        guard let response = Answers.response(&input) else { return }
        let events = [SequencedEvent(seq: 1, event: event)]
        do throws(DialectError) {
            let actions = try dialect.actions(from: response, to: events, in: Answers.session)
            for action in actions { Answers.check(action) }
            check(actions, to: event)
        } catch {
            claim(event.kind != .open || error.code != .notUnderstood, "an opening without a verdict: \(error)")
            Answers.check(error)
        }
        checkControl(dialect, response.body)
        checkMetadata(dialect, response.body, events)
    }

    private static func check(_ actions: [Action], to event: Event) {
        do throws(DialectError) {
            let plan = try AnswerPlan.check(actions, offered: event.kind == .open ? Answers.offered : nil, session: Answers.session, limits: limits)
            claim((plan.opening != nil) == (event.kind == .open), "\(plan)")
        } catch {
            fatalError("passed the dialect, and then: \(error)")
        }
        for action in actions where action.target == nil {
            switch action {
            case .accept, .reject, .publish, .closeChannel, .control(.warn, _): break
            default: fatalError("to nobody: \(action)")
            }
        }
    }

    private static func checkControl(_ dialect: SlipDialect, _ body: ByteBuffer) {
        let request = ControlRequest(method: "POST", path: "/", contentType: "application/websocket-events", body: body)
        guard let command = dialect.command(from: request) else { fatalError("not taken for its own") }
        for step in command.steps {
            switch step {
            case .action(let action):
                Answers.check(action)
                switch action {
                case .publish, .closeChannel: break
                default: claim(action.target != nil, "to nobody: \(action)")
                }
            case .wait(_, let time): claim(time >= .zero && time <= .seconds(10), "\(time)")
            }
        }
        let results: [ActionResult] = [.done(delivered: 1), .notFound, .duplicate, .full, .refused("\"why\""), .unreachable]
        for result in results {
            let reply = command.reply(command.steps.map { _ in result })
            claim(reply.status == 200 || reply.status == 400, "\(reply)")
            claim((try? JSONReader.parse(ByteBuffer(string: reply.body)))?["message"]?.string != nil, "\(reply)")
        }
    }

    private static func checkMetadata(_ dialect: SlipDialect, _ text: ByteBuffer, _ events: [SequencedEvent]) {
        let state = ConnectionState().merging(StatePatch([StatePatch.Change(key: "metadata", value: String(buffer: text))]))
        let session = SessionView(facts: Answers.session.facts, state: state)
        let body = dialect.request(for: events, in: session).body
        // What is nearly too deep for our own reader is too deep one level below.
        guard text.readableBytesView.count(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }) < JSONReader.maxDepth - 1 else { return }
        claim((try? JSONReader.parse(body))?["events"]?.array?.count == 1, String(buffer: body))
    }
}
