// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// What another node needs to tell the app of a connection's end, should the connection's own node be lost: what the dialects write into a closing
/// event, and nothing else.
package struct SessionRecord: Sendable {
    /// The number of a closing event that another node tells. Which numbers the lost node has given is not known, so this is greater than any: the
    /// largest that every JSON reader keeps exactly (2⁵³ − 1, RFC 7493 §2.2).
    package static let closingSeq = 9_007_199_254_740_991

    package let facts: ConnectionFacts
    package let chosenProtocol: String?
    package let state: ConnectionState
    /// Empty where the dialect does not say them with the end (``DialectTraits/tellsChannelsAtEnd``).
    package let channels: [ChannelName]
    /// The trace that the connection's webhooks belong to.
    package let trace: TraceContext
    /// Whether it came from a proxy that the route trusts: then the webhook needs no proof of ours.
    package let isTrusted: Bool

    package init(
        facts: ConnectionFacts, chosenProtocol: String?, state: ConnectionState, channels: [ChannelName], trace: TraceContext, isTrusted: Bool
    ) {
        self.facts = facts
        self.chosenProtocol = chosenProtocol
        self.state = state
        self.channels = channels
        self.trace = trace
        self.isTrusted = isTrusted
    }

    /// The connection as its app last knew it.
    package var session: SessionView { SessionView(facts: facts, chosenProtocol: chosenProtocol, state: state, channels: channels) }

    /// How it ended.
    package var ending: Ending { .lost("the gateway node \(facts.id.node) was lost") }
}

extension Dialect {
    /// Whether the app is told of ends at all: some conventions know no such thing, or not always.
    package var tellsEnds: Bool {
        guard traits.answersSome else { return true }
        var random = QuickRandom(seed: 0)
        let nobody = OpeningRequest(path: "/", query: "", remoteAddress: "", headers: [], protocols: [])
        let facts = ConnectionFacts(
            id: ConnectionID(node: .standalone, shard: 0, slot: 0, using: &random), direction: .inbound, route: "", request: nobody, keeping: [])
        return unasked([SequencedEvent(seq: 1, event: .end(.lost()))], in: SessionView(facts: facts)) == nil
    }
}
