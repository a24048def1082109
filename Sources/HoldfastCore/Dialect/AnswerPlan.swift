// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// An app's actions, checked against the connection that they are for.
///
/// What passes here can be carried out without a further question, so an answer is applied whole or not at all.
package struct AnswerPlan: Equatable, Sendable {
    package enum Opening: Equatable, Sendable {
        case accept(protocol: String?, headers: [OpeningRequest.Field])
        case reject(Refusal)
        /// The app has not made up its mind.
        case askAgain(after: Duration)
    }

    /// The verdict on the opening request; `nil` in answers to later events.
    package let opening: Opening?
    /// Everything else, in order.
    package let actions: [Action]
    /// How many bytes of the messages in the webhook the app took; `nil` for all.
    package let taken: Int?

    package init(opening: Opening?, actions: [Action], taken: Int? = nil) {
        self.opening = opening
        self.actions = actions
        self.taken = taken
    }

    /// A client is let in without a question to the app.
    package static let acceptUnasked = AnswerPlan(opening: .accept(protocol: nil, headers: []), actions: [])

    /// - Parameters:
    ///   - offered: the subprotocols of the opening request when that is what is answered, else `nil`.
    ///   - session: the connection as it is now.
    /// - Throws: a ``DialectError`` that names what is wrong.
    package static func check(
        _ actions: [Action], offered: [String]?, session: SessionView, limits: ConnectionLimits
    ) throws(DialectError) -> AnswerPlan {
        // Nearly every answer to a message: there is nothing to check, and nothing to take out.
        if offered == nil, actions.allSatisfy(\.needsNoCheck) { return AnswerPlan(opening: nil, actions: actions) }
        var opening: Opening?
        var taken: Int?
        var rest: [Action] = []
        var state = session.state
        var channels = Set(session.channels)
        for (index, action) in actions.enumerated() {
            switch action {
            case .accept(let chosen, let headers):
                guard let offered else { throw .notUnderstood("actions[\(index)]: accept is possible only in the answer to open") }
                guard opening == nil else { throw .notUnderstood("actions[\(index)]: a second accept or reject") }
                // As bytes: Swift's strings are also equal where only a reader would take them for the same.
                if let chosen, !offered.contains(where: { $0.utf8.elementsEqual(chosen.utf8) }) {
                    let list = offered.isEmpty ? "none" : offered.joined(separator: ", ")
                    throw .notUnderstood("actions[\(index)].protocol: \"\(chosen)\" was not offered by the client (offered: \(list))")
                }
                opening = .accept(protocol: chosen, headers: headers)
            case .reject(let refusal):
                guard offered != nil else { throw .notUnderstood("actions[\(index)]: reject is possible only in the answer to open") }
                guard opening == nil else { throw .notUnderstood("actions[\(index)]: a second accept or reject") }
                opening = .reject(refusal)
            case .subscribe(let channel, let id) where id == nil || id == session.facts.id:
                channels.insert(channel)
                guard channels.count <= limits.maxChannels else {
                    throw .notUnderstood("actions[\(index)].channel: more than \(limits.maxChannels) channels on one connection (maxChannels)")
                }
                rest.append(action)
            case .unsubscribe(let channel, let id) where id == nil || id == session.facts.id:
                channels.remove(channel)
                rest.append(action)
            case .setState(let patch, let id) where id == nil || id == session.facts.id:
                state = state.merging(patch)
                guard state.size <= limits.maxStateBytes else {
                    throw .notUnderstood("actions[\(index)].state: larger than \(limits.maxStateBytes) bytes in all (maxStateBytes)")
                }
                rest.append(action)
            case .askAgain(let delay):
                guard offered != nil else { throw .notUnderstood("the connection is open: there is nothing to ask again") }
                guard opening == nil else { throw .notUnderstood("actions[\(index)]: a second verdict") }
                opening = .askAgain(after: delay)
            case .took(let bytes): taken = bytes
            case .send, .close, .subscribe, .unsubscribe, .publish, .closeChannel, .setState, .control, .dial: rest.append(action)
            }
        }
        if offered != nil, opening == nil { opening = .accept(protocol: nil, headers: []) }
        return AnswerPlan(opening: opening, actions: rest, taken: taken)
    }
}

extension Action {
    /// Whether it can be carried out on any connection, whatever comes before it.
    fileprivate var needsNoCheck: Bool {
        switch self {
        case .send, .close, .publish, .closeChannel, .control, .dial: true
        case .accept, .reject, .subscribe, .unsubscribe, .setState, .askAgain, .took: false
        }
    }
}
