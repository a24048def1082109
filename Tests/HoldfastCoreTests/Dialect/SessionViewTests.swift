// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct SessionViewTests {
    private let request = OpeningRequest.sample(headers: [
        .init(name: "cookie", value: "a=1"), .init(name: "x-user", value: "42"), .init(name: "cookie", value: "b=2"),
    ])

    private func facts(keeping names: [String]) -> ConnectionFacts {
        ConnectionFacts(id: .sample(), direction: .inbound, route: "chat", request: request, keeping: names)
    }

    @Test("Of the opening request's headers only those are kept that webhooks need, in the order received")
    func headers() {
        #expect(facts(keeping: []).headers.isEmpty)
        #expect(facts(keeping: ["authorization"]).headers.isEmpty)
        #expect(facts(keeping: ["x-user", "cookie"]).headers == request.headers)
        #expect(facts(keeping: ["cookie"]).headers.map(\.value) == ["a=1", "b=2"])
    }

    @Test("A connection has nothing of GRIP's unless it is given")
    func grip() {
        let view = SessionView(facts: facts(keeping: []))
        #expect(view.grip == nil && view.replayedBytes == 0 && view.gaps.isEmpty)
        #expect(view.facts.webhookHead == nil)
        let gap = ChannelGap(channel: .sample("room"), lastID: "7")
        let session = GripSession(messagePrefix: "m:")
        let full = SessionView(facts: facts(keeping: []), grip: session, replayedBytes: 7, gaps: [gap])
        #expect(full.grip === session && full.replayedBytes == 7 && full.gaps == [gap])
    }

    @Test("What an app has set up is the same where its parts are, whoever holds it")
    func sameGrip() {
        let room = ChannelName.sample("room")
        let one = GripSession(messagePrefix: "m:", meta: ["user": "alice"], filters: [room: [.skipSelf]])
        #expect(one == one && one == GripSession(messagePrefix: "m:", meta: ["user": "alice"], filters: [room: [.skipSelf]]))
        #expect(one != GripSession(messagePrefix: "", meta: ["user": "alice"], filters: [room: [.skipSelf]]))
        #expect(one != GripSession(messagePrefix: nil, meta: ["user": "alice"], filters: [room: [.skipSelf]]))
        #expect(one != GripSession(messagePrefix: "m:", meta: [:], filters: [room: [.skipSelf]]))
        #expect(one != GripSession(messagePrefix: "m:", meta: ["user": "alice"], filters: [room: [.skipUsers]]))
        #expect(one.hasFilters && !GripSession(messagePrefix: "m:", meta: ["user": "alice"]).hasFilters)
    }

    @Test("The id is kept as text too")
    func idText() {
        #expect(facts(keeping: []).idText == ConnectionID.sample().description)
    }
}
