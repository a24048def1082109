// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire

/// An app's answer in the json dialect, and a request to the control API.
///
/// Never a crash. Never an action that the engine cannot carry out, and over the control API none without an address.
enum JSONAnswer {
    static let target = FuzzTarget(name: "JSONAnswer", maxLength: 1024) { input in
        var input = input
        let event = input.choice(Answers.events)
        let dialect = JSONDialect(forwardHeaders: ["cookie"])
        guard let response = Answers.response(&input) else { return }
        let events = [SequencedEvent(seq: 1, event: event)]
        do throws(DialectError) {
            Answers.check(try dialect.actions(from: response, to: events, in: Answers.session), to: event)
        } catch {
            Answers.check(error)
        }

        do throws(DialectError) {
            for action in try JSONActionReader.read(response.body, from: .control) {
                Answers.check(action)
                switch action {
                case .accept, .reject, .askAgain, .took: fatalError("over the control API: \(action)")
                case .send(_, let id), .close(_, _, let id), .subscribe(_, let id), .unsubscribe(_, let id), .setState(_, let id),
                    .control(_, let id):
                    claim(id != nil, "to nobody: \(action)")
                case .publish, .closeChannel, .dial: break
                }
            }
        } catch {
            Answers.check(error)
        }
    }
}
